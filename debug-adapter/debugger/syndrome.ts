/** Fields of exception syndromes by name. */
import { exceptionClass } from '../../emulator/architecture/index.ts';
import type { FieldPlace } from './expression/host.ts';
import { fieldPlace } from './registers.ts';

/** A field of ESR_ELx as an exception class lays it out, by name in any case of letters; undefined when it has none. */
export function syndromeField(code: number, name: string): FieldPlace | undefined {
  const wanted = name.toLowerCase();
  if (wanted === 'ec') return { high: 31, low: 26, meaning: value => exceptionClass(Number(value))?.name };
  if (wanted === 'il') return { high: 25, low: 25 };
  if (wanted === 'iss') return { high: 24, low: 0 };
  const field = exceptionClass(code)?.syndrome.find(candidate => candidate.name.toLowerCase() === wanted);
  return field && fieldPlace(field);
}
