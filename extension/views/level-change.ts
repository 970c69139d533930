import type { ExceptionRecord } from '../../debug-adapter/protocol.ts';

/** `EL1 → EL2`; Secure levels below EL3 as `S-EL1`. */
export function levelChange({ from, to, fromSecurity, toSecurity }: ExceptionRecord): string {
  const name = (el: number, security: string) => `${security === 'secure' && el < 3 ? 'S-' : ''}EL${el}`;
  return `${name(from, fromSecurity)} → ${name(to, toSecurity)}`;
}
