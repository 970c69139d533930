/** The door to the architecture: Armv8-A as data, for everybody. Inside `emulator/` import the files themselves. */
export * from './assembly-operand.ts';
export * from './cpu-model.ts';
export * from './decoder.ts';
export * from './exception-class.ts';
export * from './fault-status.ts';
export * from './feature.ts';
export * from './instruction.ts';
export * from './instruction-text.ts';
export * from './instructions/index.ts';
export * from './operand.ts';
export * from './pattern.ts';
export * from './semantics.ts';
export * from './syndrome-description.ts';
export * from './system-instructions.ts';
export * from './system-register.ts';
export * from './system-registers/index.ts';
