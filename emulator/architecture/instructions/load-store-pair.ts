/** Loads and stores of register pairs (Arm ARM C4.1.94). */
import { instruction } from '../instruction.ts';
import { signedOffset } from '../operands/memory.ts';
import { generalRegister, generalRegisterOrSp } from '../operands/register.ts';
import { baseAddress, baseIsSp } from './common.ts';

/** The `opc` and direction of each pair; LDPSW loads words and extends their sign. */
const pairs = [
  { store: 'stp', load: 'ldp', opc: '00', size: 4, width: 32 },
  { store: 'stp', load: 'ldp', opc: '10', size: 8, width: 64 },
  { store: undefined, load: 'ldpsw', opc: '01', size: 4, width: 64 },
] as const;

const forms = [
  { suffix: 'signed offset', mode: '010', write: undefined },
  { suffix: 'post-index', mode: '001', write: 'post' },
  { suffix: 'pre-index', mode: '011', write: 'pre' },
  { suffix: 'non-temporal', mode: '000', write: undefined },
] as const;

export const loadStorePair = pairs.flatMap(pair =>
  forms.flatMap(form =>
    ([0, 1] as const).flatMap(L => {
      const base = L ? pair.load : pair.store;
      if (!base || (form.mode === '000' && base === 'ldpsw')) return [];
      const name = form.mode === '000' ? (L ? 'ldnp' : 'stnp') : base;
      const address =
        form.write === 'post' ? '[{n}], {offset}' : form.write === 'pre' ? '[{n}, {offset}]!' : '[{n}, {offset}]';
      return [
        instruction(
          `${name.toUpperCase()} (${form.suffix}, ${pair.size === 8 ? '64' : '32'}-bit)`,
          `${pair.opc} 101 0 ${form.mode} ${L} imm7:7 Rt2:5 Rn:5 Rt:5`,
          {
            operands: {
              t: generalRegister('Rt', pair.width),
              t2: generalRegister('Rt2', pair.width),
              n: generalRegisterOrSp('Rn', 64),
              offset: signedOffset('imm7', 7, pair.size, form.write === undefined),
            },
            syntax: `${name} {t}, {t2}, ${address}`,
            brief: `${L ? 'Loads' : 'Stores'} two registers${form.write ? ' and moves the base register' : ''}.`,
            traits: [L ? 'load' : 'store'],
            derived: { sp: baseIsSp },
            semantics: (b, o, f) => {
              const old = baseAddress(b, o.n, f.sp);
              const moved = b.add(old, b.immediate('i64', o.offset));
              const first = form.write === 'post' ? old : moved;
              const second = b.add(first, b.i64(pair.size));
              const alignment = { alignment: pair.size };
              if (L) {
                const low = b.load(first, pair.size, alignment);
                const high = b.load(second, pair.size, alignment);
                if (form.write) b.write(o.n, moved);
                const extend = (value: typeof low) => (name === 'ldpsw' ? b.signExtendLow(value, 32) : value);
                b.write(o.t, extend(low));
                b.write(o.t2, extend(high));
              } else {
                b.store(first, pair.size, b.read('i64', o.t), alignment);
                b.store(second, pair.size, b.read('i64', o.t2), alignment);
                if (form.write) b.write(o.n, moved);
              }
            },
          },
        ),
      ];
    }),
  ),
);
