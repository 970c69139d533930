/**
 * Parallel NOR flash with the Common Flash Interface (JEDEC JESD68.01, JEP137) and Intel's command set (01h): two
 * 16-bit devices side by side on a 32-bit bus.
 *
 * In array mode the contents are read like memory, without asking the device; any command takes that away until the
 * array is selected again. Programming replaces what is there (it does not only clear bits), as on QEMU's `virt`
 * board, and completes at once.
 */

import type { AccessSize, MmioRegion, Snapshotable } from '../bus/types.ts';

/** Bytes erased together: 128 KiB in each of the two devices. */
export const flashSectorSize = 0x4_0000;

/** Bytes that one buffered write may hold: 2 KiB in each device. */
const writeBufferSize = 0x1000;

const manufacturer = 0x89;
const deviceCode = 0x18;

const statusReady = 0x80;
const statusEraseError = 0x20;
const statusProgramError = 0x10;

const command = {
  programAlternate: 0x10,
  blockErase: 0x20,
  program: 0x40,
  clearStatus: 0x50,
  lockSetup: 0x60,
  readStatus: 0x70,
  readIdentifier: 0x90,
  query: 0x98,
  confirm: 0xd0,
  writeBuffer: 0xe8,
  readArray: 0xff,
} as const;

/** What a read shows. */
type View = 'array' | 'status' | 'identifier' | 'query';

/** What the next write means. */
type Step =
  | 'command'
  | 'program'
  | 'erase-confirm'
  | 'lock-confirm'
  | 'buffer-count'
  | 'buffer-data'
  | 'buffer-confirm';

interface FlashState {
  view: View;
  step: Step;
  status: number;
  /** Sector of the erase or buffered write under way. */
  sector: number;
  /** Writes still expected of a buffered write. */
  remaining: number;
  /** Buffered writes in order: offset, width, value. */
  buffer: { offset: number; size: AccessSize; value: bigint }[];
}

const initialState = (): FlashState => ({
  view: 'array',
  step: 'command',
  status: statusReady,
  sector: 0,
  remaining: 0,
  buffer: [],
});

/** How the flash reaches its contents and the bus. */
export interface FlashBacking {
  /** The contents, live. */
  readonly bytes: Uint8Array;
  /** Called before bytes of the contents change. */
  beforeWrite(offset: number, length: number): void;
  /** Says whether reads may bypass the device (array mode) from now on. */
  setDirectRead(direct: boolean): void;
}

/** The query table that describes a bank to its driver, by query address. */
function queryTable(bankSize: number): ReadonlyMap<number, number> {
  const devices = 2;
  const sectors = bankSize / flashSectorSize;
  const sectorUnits = flashSectorSize / devices / 256;
  const table: [number, readonly number[]][] = [
    [0x10, [...'QRY'].map(c => c.charCodeAt(0))],
    [0x13, [0x01, 0x00]], // primary command set: Intel
    [0x15, [0x31, 0x00]], // address of the primary table
    [0x1b, [0x45, 0x55]], // 4.5 V to 5.5 V
    [0x1f, [7, 7, 10, 0]], // typical times: 2^n µs to program, 2^n µs for a buffer, 2^n ms to erase
    [0x23, [4, 4, 4, 0]], // at most 2^n times the typical ones
    [0x27, [Math.log2(bankSize / devices)]], // size of one device, 2^n bytes
    [0x28, [0x02, 0x00]], // both 8 and 16 bits wide
    [0x2a, [Math.log2(writeBufferSize / devices), 0]], // write buffer of one device, 2^n bytes
    [0x2c, [1]], // one region of equal sectors
    [0x2d, [(sectors - 1) & 0xff, (sectors - 1) >> 8, sectorUnits & 0xff, sectorUnits >> 8]],
    [0x31, [...'PRI10'].map(c => c.charCodeAt(0))],
    [0x3f, [1]], // protection registers
  ];
  return new Map(table.flatMap(([at, bytes]) => bytes.map((byte, i) => [at + i, byte] as const)));
}

/** One flash bank. */
export class CfiFlash implements MmioRegion, Snapshotable {
  readonly name: string;
  readonly #backing: FlashBacking;
  readonly #query: ReadonlyMap<number, number>;
  #state = initialState();

  constructor(name: string, backing: FlashBacking) {
    this.name = name;
    this.#backing = backing;
    this.#query = queryTable(backing.bytes.length);
  }

  read(offset: number, size: AccessSize): bigint {
    if (this.#state.view === 'array') return this.#load(offset, size);
    // Each of the two devices answers on its half of the bus.
    const device = BigInt(this.#deviceAnswer((offset >>> 2) & 0xff));
    const lane = BigInt(8 * (offset & 3));
    const word = device | (device << 16n);
    return BigInt.asUintN(8 * size, (word | (word << 32n)) >> lane);
  }

  write(offset: number, size: AccessSize, value: bigint): void {
    const state = this.#state;
    const code = Number(value & 0xffn);
    switch (state.step) {
      case 'command':
        this.#begin(code, offset);
        return;
      case 'program':
        this.#store(offset, size, value);
        this.#finish();
        return;
      case 'erase-confirm':
        if (code === command.confirm) this.#erase(state.sector);
        else this.#abort(code, statusEraseError | statusProgramError);
        return;
      case 'lock-confirm':
        // Sectors are never locked; a driver that locks and unlocks them sees its commands accepted.
        if (code === command.confirm || code === 0x01 || code === 0x2f) this.#finish();
        else this.#abort(code, statusEraseError | statusProgramError);
        return;
      case 'buffer-count':
        state.remaining = (Number(value & 0xffffn) + 1) | 0;
        state.buffer = [];
        state.step = 'buffer-data';
        return;
      case 'buffer-data':
        state.buffer.push({ offset, size, value });
        if (--state.remaining === 0) state.step = 'buffer-confirm';
        return;
      case 'buffer-confirm':
        if (code === command.confirm) this.#programBuffer();
        else this.#abort(code, statusProgramError);
    }
  }

  /** Registers do not exist; what there is to see is the mode and the status. */
  describe(): { readonly view: View; readonly step: Step; readonly status: number } {
    const { view, step, status } = this.#state;
    return { view, step, status };
  }

  /** The command state; the contents are memory and belong to the machine's pages. */
  save(): FlashState {
    return structuredClone(this.#state);
  }

  restore(saved: unknown): void {
    this.#state = structuredClone(saved as FlashState);
    this.#backing.setDirectRead(this.#state.view === 'array');
  }

  #begin(code: number, offset: number): void {
    const state = this.#state;
    switch (code) {
      case command.program:
      case command.programAlternate:
        this.#show('status', 'program');
        return;
      case command.blockErase:
        state.sector = offset - (offset % flashSectorSize);
        this.#show('status', 'erase-confirm');
        return;
      case command.lockSetup:
        this.#show('status', 'lock-confirm');
        return;
      case command.writeBuffer:
        state.sector = offset - (offset % flashSectorSize);
        state.status |= statusReady;
        this.#show('status', 'buffer-count');
        return;
      case command.readStatus:
        this.#show('status', 'command');
        return;
      case command.readIdentifier:
        this.#show('identifier', 'command');
        return;
      case command.query:
        this.#show('query', 'command');
        return;
      case command.clearStatus:
        state.status = statusReady;
        this.#show('array', 'command');
        return;
      default:
        // FFh, AMD's F0h, and whatever the command set does not know.
        this.#show('array', 'command');
    }
  }

  #show(view: View, step: Step): void {
    this.#state.view = view;
    this.#state.step = step;
    this.#backing.setDirectRead(view === 'array');
  }

  #finish(): void {
    this.#state.status |= statusReady;
    this.#show('status', 'command');
  }

  /** A sequence ends without its confirmation: FFh gives up quietly, anything else is an error in the status. */
  #abort(code: number, error: number): void {
    if (code !== command.readArray) this.#state.status |= error;
    this.#show(code === command.readArray ? 'array' : 'status', 'command');
  }

  #erase(sector: number): void {
    this.#backing.beforeWrite(sector, flashSectorSize);
    this.#backing.bytes.fill(0xff, sector, sector + flashSectorSize);
    this.#finish();
  }

  /** All writes of a buffered write must lie in one buffer-sized window. */
  #programBuffer(): void {
    const { buffer } = this.#state;
    const window = buffer.length > 0 ? Math.floor(buffer[0]!.offset / writeBufferSize) : 0;
    if (buffer.every(({ offset }) => Math.floor(offset / writeBufferSize) === window)) {
      for (const { offset, size, value } of buffer) this.#store(offset, size, value);
    } else {
      this.#state.status |= statusProgramError;
    }
    this.#state.buffer = [];
    this.#finish();
  }

  #deviceAnswer(address: number): number {
    switch (this.#state.view) {
      case 'identifier':
        return address === 0 ? manufacturer : address === 1 ? deviceCode : 0;
      case 'query':
        return this.#query.get(address) ?? 0;
      default:
        return this.#state.status;
    }
  }

  #load(offset: number, size: AccessSize): bigint {
    let value = 0n;
    for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.#backing.bytes[offset + i]!);
    return value;
  }

  #store(offset: number, size: AccessSize, value: bigint): void {
    this.#backing.beforeWrite(offset, size);
    for (let i = 0; i < size; i++) this.#backing.bytes[offset + i] = Number((value >> BigInt(8 * i)) & 0xffn);
  }
}
