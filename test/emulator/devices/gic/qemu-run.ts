/** Runs a script of accesses as a bare-metal program on QEMU and collects the values it prints. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodings, frameBase, type Step, type World } from './access-script.ts';
import { worlds } from './model-run.ts';

export interface QemuMachine {
  readonly gicVersion: 2 | 3;
  /** Start at EL3 with two security states. */
  readonly secure: boolean;
  readonly cpus: number;
}

const programBase = 0x4020_0000;

export function runOnQemu(machine: QemuMachine, script: readonly Step[]): bigint[] {
  const folder = mkdtempSync(join(tmpdir(), 'gic-'));
  try {
    const source = join(folder, 'program.s');
    const object = join(folder, 'program.o');
    const program = join(folder, 'program.elf');
    writeFileSync(source, assembly(machine, script));
    execFileSync('aarch64-linux-gnu-as', ['-march=armv8-a', '-o', object, source]);
    execFileSync('aarch64-linux-gnu-ld', [`-Ttext=0x${programBase.toString(16)}`, '-o', program, object]);
    const board = `virt,virtualization=on,its=off,gic-version=${machine.gicVersion},secure=${machine.secure ? 'on' : 'off'}`;
    const output = execFileSync(
      'qemu-system-aarch64',
      [
        ...['-M', board, '-cpu', 'cortex-a57', '-smp', String(machine.cpus), '-m', '64', '-nographic', '-semihosting'],
        ...['-device', `loader,file=${program},cpu-num=0`],
      ],
      { encoding: 'utf8', timeout: 60_000, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const lines = output.split(/\r?\n/).filter(line => line !== '');
    const trouble = lines.find(line => !/^[0-9a-f]{16}$/.test(line));
    if (trouble) throw new Error(`the program on QEMU says: ${trouble} (after ${lines.indexOf(trouble)} values)`);
    return lines.map(line => BigInt(`0x${line}`));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** How a world is entered: by which level, with which PSTATE, and which instruction comes back. */
function excursion(home: 2 | 3, world: World): { readonly spsr: number; readonly back: 'hvc' | 'smc' } | undefined {
  const { el } = worlds[world];
  if (el === home) return undefined;
  return { spsr: 0x3c0 | (el << 2) | 1, back: home === 3 ? 'smc' : 'hvc' };
}

function load(register: string, value: bigint): string {
  const parts = [0n, 16n, 32n, 48n].map(shift => [(value >> shift) & 0xffffn, shift] as const);
  const used = parts.filter(([part], index) => part !== 0n || index === 0);
  return used
    .map(([part, shift], index) => `\t${index === 0 ? 'movz' : 'movk'} ${register}, #${part}, lsl #${shift}\n`)
    .join('');
}

function systemRegister(name: string): string {
  const encoding = encodings[name];
  if (!encoding) throw new Error(`no encoding of ${name}`);
  const [op0, op1, crn, crm, op2] = encoding;
  return `s${op0}_${op1}_c${crn}_c${crm}_${op2}`;
}

/** The access itself; what it reads is left in x0. */
function access(step: Step): string {
  switch (step.do) {
    case 'read':
      return (
        load('x1', BigInt(frameBase[step.frame] + step.offset)) +
        { 1: '\tldrb w0, [x1]\n', 2: '\tldrh w0, [x1]\n', 4: '\tldr w0, [x1]\n', 8: '\tldr x0, [x1]\n' }[step.size]
      );
    case 'write':
      return (
        load('x1', BigInt(frameBase[step.frame] + step.offset)) +
        load('x0', step.value) +
        { 1: '\tstrb w0, [x1]\n', 2: '\tstrh w0, [x1]\n', 4: '\tstr w0, [x1]\n', 8: '\tstr x0, [x1]\n' }[step.size]
      );
    case 'mrs':
      return `\tisb\n\tmrs x0, ${systemRegister(step.register)}\n`;
    case 'msr':
      return `${load('x0', step.value)}\tmsr ${systemRegister(step.register)}, x0\n\tisb\n`;
    case 'pins':
      return '\tmrs x0, isr_el1\n\tubfx x0, x0, #6, #2\n';
  }
}

/** Sets the priority mask so that no physical interrupt is signalled, and puts it back. */
const holdBack = {
  2: {
    begin: `${load('x7', BigInt(frameBase.GICC + 4))}\tldr w6, [x7]\n\tstr wzr, [x7]\n`,
    end: '\tstr w6, [x7]\n',
  },
  3: {
    begin: '\tmrs x6, s3_0_c4_c6_0\n\tmsr s3_0_c4_c6_0, xzr\n\tisb\n',
    end: '\tmsr s3_0_c4_c6_0, x6\n\tisb\n',
  },
};

function assembly({ secure, gicVersion }: QemuMachine, script: readonly Step[]): string {
  const home = secure ? 3 : 2;
  const steps = script.map(step => {
    const trip = excursion(home, step.at);
    const { hcr, scr } = worlds[step.at];
    const reads = step.do !== 'write' && step.do !== 'msr';
    // Physical interrupts would be taken from the guest however it masks them: hold them back meanwhile.
    const hold = step.at === 'guest' ? holdBack[gicVersion] : undefined;
    return (
      (hold?.begin ?? '') +
      (secure ? `${load('x0', scr)}\tmsr scr_el3, x0\n${load('x0', hcr)}\tmsr hcr_el2, x0\n\tisb\n` : '') +
      (trip
        ? `\tadr x2, 1f\n\tmsr elr_el${home}, x2\n\tmov x2, #${trip.spsr}\n\tmsr spsr_el${home}, x2\n\teret\n1:\n`
        : '') +
      access(step) +
      (trip ? `\t${trip.back} #0\n` : '') +
      (hold?.end ?? '') +
      (reads ? '\tbl print\n' : '')
    );
  });
  // The lower level's synchronous exceptions come back to the instruction after HVC or SMC; anything else is told.
  const vector = (kind: string) => `\t.balign 0x80\n\tb ${kind}\n`;
  return `
	.text
	.global _start
_start:
	adr x0, vectors
	msr vbar_el${home}, x0
	adr x0, stack
	mov sp, x0
${secure ? '' : `${load('x0', worlds.el2.hcr)}\tmsr hcr_el2, x0\n`}
	isb
${steps.join('')}
	b exit

print:	// x0 as sixteen hexadecimal digits on a line
	movz x1, #0x0900, lsl #16
	mov x2, #60
2:	lsr x3, x0, x2
	and x3, x3, #15
	add x4, x3, #48
	add x5, x3, #87
	cmp x3, #10
	csel x3, x4, x5, lo
	strb w3, [x1]
	subs x2, x2, #4
	b.ge 2b
	mov w3, #10
	strb w3, [x1]
	ret

unexpected:	// says "?" and the syndrome
	movz x1, #0x0900, lsl #16
	mov w3, #63
	strb w3, [x1]
	mrs x0, esr_el${home}
	bl print
	mrs x0, elr_el${home}
	bl print
exit:
	adr x1, parameters
	mov x0, #0x18
	hlt #0xf000
	b .

lower:
	mrs x2, esr_el${home}
	lsr x2, x2, #26
	cmp x2, #0x${home === 3 ? '17' : '16'}
	b.ne unexpected
	mrs x2, elr_el${home}
	br x2

	.balign 8
parameters:
	.quad 0x20026, 0
	.balign 0x800
vectors:
${Array.from({ length: 16 }, (_, index) => vector(index === 8 ? 'lower' : 'unexpected')).join('')}
	.balign 0x1000
	.space 0x1000
stack:
`;
}
