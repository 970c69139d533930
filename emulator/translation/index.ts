/** Address translation: the one walk behind memory accesses, AT, the debugger and its views. */
export * from './address-translate.ts';
export * from './address-translator.ts';
export * from './attributes.ts';
export * from './fault.ts';
export * from './granule.ts';
export * from './implementation.ts';
export * from './inputs.ts';
export * from './regime.ts';
export * from './request.ts';
export type { AddressRange, Stage1Controls } from './stage-1-controls.ts';
export type { Stage2Controls } from './stage-2-controls.ts';
export type { Stage2Failure, WalkRecorder, WalkStep } from './table-walk.ts';
export * from './tlb.ts';
export * from './tlb-keeper.ts';
export * from './tlb-maintenance.ts';
