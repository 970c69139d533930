/** Exception syndromes in words and by field. */
import type { FieldPlace } from './expression/host.ts';

/** A field of the ISS of an exception class, by name in any case of letters. */
export function syndromeField(_exceptionClass: number, _name: string): FieldPlace | undefined {
  return undefined;
}
