import { registerNamed } from '../../syntax/registers.ts';
import type { Assembler, Directive } from '../assembler.ts';
import type { CallFrameRule } from '../call-frame.ts';
import { joinPath } from '../files.ts';
import type { OperandReader } from '../reader.ts';

/** DWARF's number of a register: x0–x30 are 0–30, sp is 31, v0–v31 are 64–95. */
function dwarfRegister(assembler: Assembler, operands: OperandReader): number {
  operands.skip();
  const at = operands.at;
  const word = operands.word();
  if (word.text === '')
    return assembler.expressions.absoluteNumber(operands.expression(), 0, 127, 'A DWARF register number');
  const register = registerNamed(assembler.instructions.registerAlias(word.text) ?? word.text);
  if (register) {
    const { bank, number, stackPointer } = register;
    if ((bank === 'x' || bank === 'w') && (number < 31 || stackPointer)) return number;
    if ('bhsdqv'.includes(bank)) return 64 + number;
  }
  throw operands.error(`\`${word.text}\` has no place in a call frame.`, { start: at, end: word.end });
}

function number(assembler: Assembler, operands: OperandReader): number {
  return assembler.expressions.absoluteNumber(operands.expression(), -(2 ** 31), 2 ** 31, 'The offset');
}

function rule(
  name: string,
  syntax: string,
  brief: string,
  read: (assembler: Assembler, operands: OperandReader) => CallFrameRule,
): Directive {
  return {
    names: [name],
    syntax,
    brief,
    run(assembler, operands) {
      if (!assembler.callFrames.current) {
        throw operands.error('`.cfi_startproc` must stand before this.', operands.statement, 'call-frame');
      }
      const made = read(assembler, operands);
      operands.expectEnd();
      assembler.callFrames.add(assembler.output.place(), made);
    },
  };
}

const callFrameDirectives: readonly Directive[] = [
  {
    names: ['.cfi_startproc'],
    syntax: '[simple]',
    brief: 'Begins the unwind description of a function.',
    run(assembler, operands) {
      const simple = operands.word().text === 'simple';
      operands.expectEnd();
      if (assembler.callFrames.current) {
        throw operands.error(
          'The description before is not ended by `.cfi_endproc`.',
          operands.statement,
          'call-frame',
        );
      }
      assembler.callFrames.begin(assembler.output.place(), simple, assembler.range());
    },
  },
  {
    names: ['.cfi_endproc'],
    syntax: '',
    brief: 'Ends the unwind description of a function.',
    run(assembler, operands) {
      if (!assembler.callFrames.current)
        throw operands.error('No `.cfi_startproc` is open here.', operands.statement, 'call-frame');
      assembler.callFrames.end(assembler.output.place());
    },
  },
  {
    names: ['.cfi_sections'],
    syntax: '.eh_frame | .debug_frame, …',
    brief: 'Chooses where unwind descriptions are stored.',
    run(assembler, operands) {
      const sections = { ehFrame: false, debugFrame: false };
      while (!operands.atEnd) {
        const word = operands.word();
        if (word.text === '.eh_frame') sections.ehFrame = true;
        else if (word.text === '.debug_frame') sections.debugFrame = true;
        else throw operands.error('`.eh_frame` or `.debug_frame` is expected here.');
        if (!operands.accept(',')) break;
      }
      operands.expectEnd();
      assembler.callFrames.sections = sections;
    },
  },
  {
    names: ['.cfi_signal_frame'],
    syntax: '',
    brief: 'Says that the function is entered by an exception, not by a call.',
    run(assembler) {
      if (assembler.callFrames.current) assembler.callFrames.current.signal = true;
    },
  },
  {
    names: ['.cfi_return_column'],
    syntax: 'register',
    brief: 'Names the register that holds the return address.',
    run(assembler, operands) {
      const register = dwarfRegister(assembler, operands);
      if (assembler.callFrames.current) assembler.callFrames.current.returnRegister = register;
    },
  },
  {
    names: ['.cfi_personality', '.cfi_lsda', '.cfi_personality_id', '.cfi_fde_data', '.cfi_inline_lsda'],
    syntax: '…',
    brief: 'Belongs to language exceptions, which have no meaning here; it is not stored.',
    run(_, operands) {
      operands.rest();
    },
  },
  rule(
    '.cfi_def_cfa',
    'register, offset',
    'The frame address is the register plus the offset.',
    (assembler, operands) => {
      const register = dwarfRegister(assembler, operands);
      operands.comma();
      return { kind: 'defineCfa', register, offset: number(assembler, operands) };
    },
  ),
  rule(
    '.cfi_def_cfa_register',
    'register',
    'The frame address is now counted from this register.',
    (assembler, operands) => ({
      kind: 'defineCfaRegister',
      register: dwarfRegister(assembler, operands),
    }),
  ),
  rule(
    '.cfi_def_cfa_offset',
    'offset',
    'The frame address now lies at this offset from its register.',
    (assembler, operands) => ({
      kind: 'defineCfaOffset',
      offset: number(assembler, operands),
    }),
  ),
  rule(
    '.cfi_adjust_cfa_offset',
    'offset',
    'The offset of the frame address grows by this much.',
    (assembler, operands) => ({
      kind: 'defineCfaOffset',
      offset: assembler.callFrames.currentCfaOffset + number(assembler, operands),
    }),
  ),
  rule(
    '.cfi_offset',
    'register, offset',
    'The caller’s register is saved at this offset from the frame address.',
    (assembler, operands) => {
      const register = dwarfRegister(assembler, operands);
      operands.comma();
      return { kind: 'offset', register, offset: number(assembler, operands) };
    },
  ),
  rule(
    '.cfi_rel_offset',
    'register, offset',
    'The caller’s register is saved at this offset from the frame’s register.',
    (assembler, operands) => {
      const register = dwarfRegister(assembler, operands);
      operands.comma();
      return { kind: 'offset', register, offset: number(assembler, operands) - assembler.callFrames.currentCfaOffset };
    },
  ),
  rule('.cfi_restore', 'register', 'The register has the caller’s value again.', (assembler, operands) => ({
    kind: 'restore',
    register: dwarfRegister(assembler, operands),
  })),
  rule('.cfi_undefined', 'register', 'The caller’s value of the register is lost.', (assembler, operands) => ({
    kind: 'undefined',
    register: dwarfRegister(assembler, operands),
  })),
  rule('.cfi_same_value', 'register', 'The register is not changed by the function.', (assembler, operands) => ({
    kind: 'sameValue',
    register: dwarfRegister(assembler, operands),
  })),
  rule('.cfi_register', 'register, other', 'The caller’s register is kept in another one.', (assembler, operands) => {
    const register = dwarfRegister(assembler, operands);
    operands.comma();
    return { kind: 'register', register, other: dwarfRegister(assembler, operands) };
  }),
  rule('.cfi_remember_state', '', 'Remembers all rules, for `.cfi_restore_state`.', () => ({ kind: 'remember' })),
  rule('.cfi_restore_state', '', 'Takes back the rules remembered last.', () => ({ kind: 'restoreState' })),
  rule('.cfi_window_save', '', 'The return address changes between signed and plain.', () => ({
    kind: 'negateReturnAddressState',
  })),
  rule('.cfi_negate_ra_state', '', 'The return address changes between signed and plain.', () => ({
    kind: 'negateReturnAddressState',
  })),
  rule('.cfi_b_key_frame', '', 'The return address is signed with key B.', () => ({
    kind: 'bytes',
    bytes: new Uint8Array(0),
  })),
  rule(
    '.cfi_escape',
    'byte, …',
    'Stores bytes of DWARF call-frame instructions as they are.',
    (assembler, operands) => {
      const bytes: number[] = [];
      do bytes.push(assembler.expressions.absoluteNumber(operands.expression(), -128, 255, 'A byte') & 0xff);
      while (operands.accept(','));
      return { kind: 'bytes', bytes: Uint8Array.from(bytes) };
    },
  ),
];

export const debugDirectives: readonly Directive[] = [
  ...callFrameDirectives,
  {
    names: ['.file'],
    syntax: '[number] "name"',
    brief: 'Numbers a source file for `.loc`; without a number it names the source of the object.',
    run(assembler, operands) {
      if (operands.atString) {
        assembler.sourceName = operands.stringText();
        operands.expectEnd();
        return;
      }
      const fileNumber = assembler.expressions.absoluteNumber(operands.expression(), 0, 2 ** 20, 'The file number');
      let name = operands.stringText();
      if (operands.atString) name = joinPath(name, operands.stringText());
      operands.rest();
      assembler.lines.file(fileNumber, name);
    },
  },
  {
    names: ['.loc'],
    syntax: 'file line [column]',
    brief: 'Says which source line the next instruction comes from.',
    run(assembler, operands) {
      const fileAt = operands.at;
      const words = operands.rest().text.trim().split(/\s+/);
      const [file, line, column] = words.map(word => (/^\d+$/.test(word) ? Number(word) : undefined));
      if (file === undefined || line === undefined)
        throw operands.error('A file number and a line number are expected here.', operands.statement);
      if (!assembler.lines.location(file, line, column ?? 0)) {
        throw operands.error(
          `No \`.file ${file}\` stands before this.`,
          { start: fileAt, end: operands.end },
          'unknown-file',
        );
      }
    },
  },
  {
    names: ['.line', '.ln', '.loc_mark_labels', '.linefile'],
    syntax: '…',
    brief: 'Belongs to older debug formats, which are not written.',
    run(_, operands) {
      operands.rest();
    },
  },
];
