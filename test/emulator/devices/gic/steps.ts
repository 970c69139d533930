/** Short names for the steps of access scripts. */
import type { AccessSize } from '../../../../emulator/bus/types.ts';
import type { Frame, Step, World } from './access-script.ts';

export const read = (at: World, frame: Frame, offset: number, size: AccessSize = 4): Step => ({
  do: 'read',
  at,
  frame,
  offset,
  size,
});

export const write = (at: World, frame: Frame, offset: number, value: number | bigint, size: AccessSize = 4): Step => ({
  do: 'write',
  at,
  frame,
  offset,
  size,
  value: BigInt.asUintN(size * 8, BigInt(value)),
});

export const mrs = (at: World, register: string): Step => ({ do: 'mrs', at, register });

export const msr = (at: World, register: string, value: number | bigint): Step => ({
  do: 'msr',
  at,
  register,
  value: BigInt.asUintN(64, BigInt(value)),
});

export const pins = (at: World): Step => ({ do: 'pins', at });
