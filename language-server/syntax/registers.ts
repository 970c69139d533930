import type { RegisterOperand, VectorSuffix } from '../architecture.ts';

type Bank = RegisterOperand['bank'];

const table = new Map<string, RegisterOperand>();

function add(written: string, name: string, bank: Bank, number: number, stackPointer = false): void {
  table.set(written, { kind: 'register', name, bank, number, stackPointer, span: { start: 0, end: 0 } });
}
function addSlice(written: string, number: number, slice: 'h' | 'v'): void {
  table.set(written, {
    kind: 'register',
    name: written,
    bank: 'za',
    number,
    stackPointer: false,
    slice,
    span: { start: 0, end: 0 },
  });
}

for (let number = 0; number < 32; number++) {
  if (number < 31) {
    add(`x${number}`, `x${number}`, 'x', number);
    add(`w${number}`, `w${number}`, 'w', number);
  }
  for (const bank of ['b', 'h', 's', 'd', 'q', 'v', 'z'] as const) add(bank + number, bank + number, bank, number);
  if (number < 16) {
    add(`p${number}`, `p${number}`, 'p', number);
    add(`za${number}`, `za${number}`, 'za', number);
    for (const slice of ['h', 'v'] as const) addSlice(`za${number}${slice}`, number, slice);
  }
}
add('xzr', 'xzr', 'x', 31);
add('wzr', 'wzr', 'w', 31);
add('sp', 'sp', 'x', 31, true);
add('wsp', 'wsp', 'w', 31, true);
add('za', 'za', 'za', 0);
// Names of the procedure call standard that GNU as knows without a `.req`.
add('ip0', 'x16', 'x', 16);
add('ip1', 'x17', 'x', 17);
add('fp', 'x29', 'x', 29);
add('lr', 'x30', 'x', 30);

/** The register of this name in any letter case, without a suffix; its span is empty. */
export function registerNamed(name: string): RegisterOperand | undefined {
  return name.length > 5 ? undefined : (table.get(name) ?? table.get(name.toLowerCase()));
}

/** Every spelling of a register that is understood. */
export const registerNames: readonly string[] = [...table.keys()];

const elements: ReadonlySet<string> = new Set(['b', 'h', 's', 'd', 'q']);

/** Parses the part behind the dot of `v0.16b` or `v0.s`. */
export function vectorSuffix(text: string): VectorSuffix | undefined {
  const match = /^(\d*)([bhsdqBHSDQ])$/.exec(text);
  if (!match) return undefined;
  const element = match[2]!.toLowerCase() as VectorSuffix['element'];
  if (!elements.has(element)) return undefined;
  return match[1] === '' ? { element } : { lanes: Number(match[1]), element };
}
