/** Move wide immediates and PC-relative addresses (Arm ARM C4.1.92). */
import { instruction } from '../instruction.ts';
import { addressLabel } from '../operands/label.ts';
import { movedImmediate, wideImmediate } from '../operands/logical.ts';
import { generalRegister } from '../operands/register.ts';
import { typeOf } from './common.ts';

const moves = (
  [
    { name: 'movn', opc: '00', brief: 'Moves the complement of a shifted 16-bit immediate.' },
    { name: 'movz', opc: '10', brief: 'Moves a shifted 16-bit immediate and clears the other bits.' },
    { name: 'movk', opc: '11', brief: 'Moves a 16-bit immediate into one quarter of a register and keeps the rest.' },
  ] as const
).map(({ name, opc, brief }) =>
  instruction(name.toUpperCase(), `sf ${opc} 100101 hw:2 imm16:16 Rd:5`, {
    operands: { d: generalRegister('Rd', 'sf'), imm: wideImmediate('imm16', 'hw', 'sf') },
    syntax: `${name} {d}, {imm}`,
    aliases:
      name === 'movk'
        ? []
        : [
            {
              syntax: 'mov {d}, {value}',
              operands: { value: movedImmediate('sf', name === 'movn') },
              when: f =>
                !(f['imm16'] === 0 && f['hw'] !== 0) && !(name === 'movn' && f['sf'] === 0 && f['imm16'] === 0xffff),
            },
          ],
    brief,
    allocated: f => f.sf === 1 || f.hw < 2,
    shape: name === 'movk' ? ['sf', 'hw'] : ['sf'],
    possible: (f: Readonly<Record<string, number>>) => f['sf'] === 1 || (f['hw'] ?? 0) < 2,
    semantics: (b, o, f: Readonly<Record<string, number>>) => {
      const type = typeOf(f['sf'] as number);
      const value = b.immediate(type, o.imm);
      if (name === 'movz') b.write(o.d, value);
      else if (name === 'movn') b.write(o.d, b.not(value));
      else {
        const kept = b.constant(type, ~(0xffffn << BigInt(16 * (f['hw'] as number))));
        b.write(o.d, b.or(b.and(b.read(type, o.d), kept), value));
      }
    },
  }),
);

const addresses = [
  instruction('ADR', '0 immlo:2 10000 immhi:19 Rd:5', {
    operands: { d: generalRegister('Rd', 64), label: addressLabel('immhi', 'immlo', false) },
    syntax: 'adr {d}, {label}',
    brief: 'Computes the address of a label within 1 MiB.',
    semantics: (b, o) => {
      b.write(o.d, b.add(b.pc(), b.immediate('i64', o.label)));
    },
  }),
  instruction('ADRP', '1 immlo:2 10000 immhi:19 Rd:5', {
    operands: { d: generalRegister('Rd', 64), label: addressLabel('immhi', 'immlo', true) },
    syntax: 'adrp {d}, {label}',
    brief: 'Computes the address of the 4 KiB page of a label within 4 GiB.',
    semantics: (b, o) => {
      b.write(o.d, b.add(b.and(b.pc(), b.i64(~0xfffn)), b.immediate('i64', o.label)));
    },
  }),
];

export const moveAndAddress = [...moves, ...addresses];
