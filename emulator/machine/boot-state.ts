/** The registers that a program finds beyond reset: what firmware sets for Linux (arm64 boot protocol), and the byte order. */
import { field } from '../architecture/system-register.ts';
import { systemRegisterNamed } from '../architecture/system-registers/index.ts';
import type { ProcessingElement } from '../processing-element/processing-element.ts';

/** EL3 has done its part: lower levels are Non-secure, 64-bit, may use HVC and everything else that EL3 could keep. */
const MONITOR_FIELDS = ['NS', 'RW', 'HCE', 'API', 'APK', 'FGTEn', 'HXEn', 'EnSCXT', 'ECVEn', 'ATA', 'EnAS0'] as const;

/** Enters the highest Non-secure level, as firmware's last ERET would. */
export function enterLinux(pe: ProcessingElement): void {
  const { state, implementation } = pe;
  if (!implementation.el3) return;
  const scr = systemRegisterNamed('SCR_EL3');
  const value = MONITOR_FIELDS.filter(name => scr.fields.some(f => f.name === name)).reduce(
    (bits, name) => bits | field(scr, name).mask,
    0n,
  );
  // ICC_SRE_EL3 needs nothing: the interrupt controller is reached by system registers from every level.
  state.write('SCR_EL3', state.read('SCR_EL3') | value);
  state.setLevel(implementation.el2 ? 2 : 1, 1);
}

/** Makes data big-endian at each level, as QEMU starts a big-endian program. */
export function enterBigEndian({ state }: ProcessingElement): void {
  for (const [register, fields] of [
    ['SCTLR_EL1', ['EE', 'E0E']],
    ['SCTLR_EL2', ['EE']],
    ['SCTLR_EL3', ['EE']],
  ] as const) {
    const row = systemRegisterNamed(register);
    state.write(
      register,
      fields.reduce((value, name) => value | field(row, name).mask, state.read(register)),
    );
  }
}
