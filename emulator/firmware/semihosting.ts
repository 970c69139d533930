/**
 * Semihosting (Arm "Semihosting for AArch32 and AArch64" 2.0): services of the host that a guest calls by HLT #0xF000
 * with the operation in W0 and its parameter in X1. The result goes to X0.
 *
 * Files exist only where the host offers some, which is its decision to make and to confine; the console always does.
 */

/** Files of the host, confined by whoever provides them. Handles are the provider's own small numbers. */
export interface SemihostingFiles {
  /** A handle, or an error number. */
  open(path: string, mode: SemihostingOpenMode): SemihostingOutcome;
  close(handle: number): SemihostingOutcome;
  /** At most `length` bytes from the handle's position; fewer at the end of the file. */
  read(handle: number, length: number): Uint8Array | SemihostingError;
  /** How many bytes were written. */
  write(handle: number, bytes: Uint8Array): SemihostingOutcome;
  seek(handle: number, position: number): SemihostingOutcome;
  length(handle: number): SemihostingOutcome;
  remove(path: string): SemihostingOutcome;
  rename(from: string, to: string): SemihostingOutcome;
}

/** How a file is opened: ISO C's modes. */
export interface SemihostingOpenMode {
  readonly access: 'read' | 'write' | 'append';
  readonly update: boolean;
  readonly binary: boolean;
}

/** An error with its number as in POSIX. */
export interface SemihostingError {
  readonly errno: number;
}

export type SemihostingOutcome = number | SemihostingError;

/** What semihosting needs of the machine. Addresses are the caller's virtual addresses. */
export interface SemihostingHost {
  /** A copy of guest memory, or undefined when it is not readable there. */
  readMemory(address: bigint, length: number): Uint8Array | undefined;
  /** False when guest memory is not writable there. */
  writeMemory(address: bigint, bytes: Uint8Array): boolean;
  writeConsole(bytes: Uint8Array): void;
  /** The next byte that was typed, or undefined when none has been. */
  readConsole(): number | undefined;
  /** Words of the command line. */
  readonly commandLine: readonly string[];
  /** Where the guest may put heap and stack. */
  readonly heap: {
    readonly base: bigint;
    readonly limit: bigint;
    readonly stackBase: bigint;
    readonly stackLimit: bigint;
  };
  /** Nanoseconds of virtual time. */
  nanoseconds(): bigint;
  /** Seconds since 1970 on the machine's own real-time clock. */
  seconds(): bigint;
  /** Ends the run with an exit status. */
  exit(status: number): void;
  readonly files?: SemihostingFiles;
}

/** The immediate of the HLT instruction that is a semihosting call in A64. */
export const semihostingImmediate = 0xf000;

export const semihostingOperation = {
  SYS_OPEN: 0x01,
  SYS_CLOSE: 0x02,
  SYS_WRITEC: 0x03,
  SYS_WRITE0: 0x04,
  SYS_WRITE: 0x05,
  SYS_READ: 0x06,
  SYS_READC: 0x07,
  SYS_ISERROR: 0x08,
  SYS_ISTTY: 0x09,
  SYS_SEEK: 0x0a,
  SYS_FLEN: 0x0c,
  SYS_REMOVE: 0x0e,
  SYS_RENAME: 0x0f,
  SYS_CLOCK: 0x10,
  SYS_TIME: 0x11,
  SYS_ERRNO: 0x13,
  SYS_GET_CMDLINE: 0x15,
  SYS_HEAPINFO: 0x16,
  SYS_EXIT: 0x18,
  SYS_EXIT_EXTENDED: 0x20,
  SYS_ELAPSED: 0x30,
  SYS_TICKFREQ: 0x31,
} as const;

/** What the machine does after a call: go on with X0 set, stop, or make the same call again when a byte was typed. */
export type SemihostingResult =
  | { readonly kind: 'result'; readonly x0: bigint }
  | { readonly kind: 'exited' }
  | { readonly kind: 'waits for input' };

const errno = { notFound: 2, badHandle: 9, badAddress: 14, invalid: 22, noSystemCall: 38 } as const;
const failure = (1n << 64n) - 1n;
/** Longest string or block that one step of a call moves; longer blocks move in several steps. */
const longestString = 0x1_0000;
const blockSize = 0x1_0000;
/** Longest transfer of one call: what a guest names must not keep the host busy for minutes. */
const longestTransfer = 0x1000_0000n;
const stoppedByApplication = 0x2_0026n;

/** What a handle is: the console, the features file, or a file of the host. */
type OpenFile =
  | { readonly kind: 'console'; readonly forInput: boolean }
  | { readonly kind: 'features'; readonly position: number }
  | { readonly kind: 'host'; readonly handle: number };

/** Contents of `:semihosting-features`: a magic number and the features, extended exit and separate standard error. */
const features = Uint8Array.of(0x53, 0x48, 0x46, 0x42, 0x03);

/** State of one machine's semihosting. */
interface SavedSemihosting {
  readonly files: readonly (readonly [number, OpenFile])[];
  readonly lastError: number;
}

/** A call that cannot be carried out, inside this module. */
class CallError extends Error {
  readonly errno: number;

  constructor(number: number) {
    super(`errno ${number}`);
    this.errno = number;
  }
}

/** The semihosting services of one machine. */
export class Semihosting {
  readonly name = 'semihosting';
  readonly #host: SemihostingHost;
  #files = new Map<number, OpenFile>();
  #lastError = 0;

  constructor(host: SemihostingHost) {
    this.#host = host;
  }

  /**
   * Carries out a call.
   *
   * @param operation W0
   * @param parameter X1: usually the address of a block of 64-bit words
   */
  call(operation: number, parameter: bigint): SemihostingResult {
    if (operation === semihostingOperation.SYS_READC) {
      const byte = this.#host.readConsole();
      return byte === undefined ? { kind: 'waits for input' } : { kind: 'result', x0: BigInt(byte) };
    }
    try {
      const x0 = this.#perform(operation, parameter);
      return x0 === undefined ? { kind: 'exited' } : { kind: 'result', x0: BigInt.asUintN(64, x0) };
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      this.#lastError = error.errno;
      return { kind: 'result', x0: failure };
    }
  }

  save(): SavedSemihosting {
    return { files: [...this.#files], lastError: this.#lastError };
  }

  restore(saved: unknown): void {
    const state = saved as SavedSemihosting;
    this.#files = new Map(state.files);
    this.#lastError = state.lastError;
  }

  /** The value of X0, or undefined when the guest ended. */
  #perform(operation: number, parameter: bigint): bigint | undefined {
    const word = (index: number) => this.#word(parameter, index);
    const small = (index: number) => Number(BigInt.asUintN(32, word(index)));
    const op = semihostingOperation;
    switch (operation) {
      case op.SYS_OPEN:
        return this.#open(this.#text(word(0), word(2)), small(1));
      case op.SYS_CLOSE:
        return this.#close(small(0));
      case op.SYS_WRITEC:
        this.#host.writeConsole(this.#bytes(parameter, 1));
        return 0n;
      case op.SYS_WRITE0:
        this.#host.writeConsole(this.#terminated(parameter));
        return 0n;
      case op.SYS_WRITE:
        return this.#write(small(0), word(1), word(2));
      case op.SYS_READ:
        return this.#read(small(0), word(1), word(2));
      case op.SYS_ISERROR:
        return BigInt.asIntN(64, word(0)) < 0n ? 1n : 0n;
      case op.SYS_ISTTY:
        return this.#file(small(0)).kind === 'console' ? 1n : 0n;
      case op.SYS_SEEK:
        return this.#seek(small(0), word(1));
      case op.SYS_FLEN:
        return this.#length(small(0));
      case op.SYS_REMOVE:
        return BigInt(accept(this.#hostFiles().remove(this.#text(word(0), word(1)))));
      case op.SYS_RENAME:
        return BigInt(accept(this.#hostFiles().rename(this.#text(word(0), word(1)), this.#text(word(2), word(3)))));
      case op.SYS_CLOCK:
        return this.#host.nanoseconds() / 10_000_000n;
      case op.SYS_TIME:
        return this.#host.seconds();
      case op.SYS_ERRNO:
        return BigInt(this.#lastError);
      case op.SYS_GET_CMDLINE:
        return this.#commandLine(parameter);
      case op.SYS_HEAPINFO:
        return this.#heapInformation(word(0));
      case op.SYS_EXIT:
      case op.SYS_EXIT_EXTENDED: {
        const [reason, status] = [word(0), word(1)];
        this.#host.exit(reason === stoppedByApplication ? Number(BigInt.asUintN(8, status)) : 1);
        return undefined;
      }
      case op.SYS_ELAPSED: {
        this.#store(parameter, this.#host.nanoseconds());
        return 0n;
      }
      case op.SYS_TICKFREQ:
        return 1_000_000_000n;
      default:
        throw new CallError(errno.noSystemCall);
    }
  }

  // Guest memory.

  #bytes(address: bigint, length: number): Uint8Array {
    const bytes = this.#host.readMemory(BigInt.asUintN(64, address), length);
    if (!bytes) throw new CallError(errno.badAddress);
    return bytes;
  }

  #put(address: bigint, bytes: Uint8Array): void {
    if (!this.#host.writeMemory(BigInt.asUintN(64, address), bytes)) throw new CallError(errno.badAddress);
  }

  #word(block: bigint, index: number): bigint {
    const bytes = this.#bytes(block + BigInt(8 * index), 8);
    return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  }

  #store(address: bigint, value: bigint): void {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, value, true);
    this.#put(address, bytes);
  }

  #text(address: bigint, length: bigint): string {
    if (length > BigInt(longestString)) throw new CallError(errno.invalid);
    return new TextDecoder().decode(this.#bytes(address, Number(length)));
  }

  #terminated(address: bigint): Uint8Array {
    const bytes: number[] = [];
    for (let at = address; bytes.length < longestString; at++) {
      const byte = this.#bytes(at, 1)[0]!;
      if (byte === 0) break;
      bytes.push(byte);
    }
    return Uint8Array.from(bytes);
  }

  // Files.

  #hostFiles(): SemihostingFiles {
    const { files } = this.#host;
    if (!files) throw new CallError(errno.notFound);
    return files;
  }

  #file(handle: number): OpenFile {
    const file = this.#files.get(handle);
    if (!file) throw new CallError(errno.badHandle);
    return file;
  }

  #open(path: string, mode: number): bigint {
    if (mode > 11) throw new CallError(errno.invalid);
    const access = (['read', 'write', 'append'] as const)[Math.floor(mode / 4)]!;
    let file: OpenFile;
    if (path === ':tt') file = { kind: 'console', forInput: access === 'read' };
    else if (path === ':semihosting-features') {
      if (access !== 'read') throw new CallError(errno.invalid);
      file = { kind: 'features', position: 0 };
    } else {
      const modes = { access, update: (mode & 2) !== 0, binary: (mode & 1) !== 0 };
      file = { kind: 'host', handle: accept(this.#hostFiles().open(path, modes)) };
    }
    let handle = 1;
    while (this.#files.has(handle)) handle++;
    this.#files.set(handle, file);
    return BigInt(handle);
  }

  #close(handle: number): bigint {
    const file = this.#file(handle);
    this.#files.delete(handle);
    if (file.kind === 'host') accept(this.#hostFiles().close(file.handle));
    return 0n;
  }

  /** The answer counts the bytes that were not written. */
  #write(handle: number, address: bigint, length: bigint): bigint {
    const file = this.#file(handle);
    if (file.kind === 'features') return length;
    if (length > longestTransfer) throw new CallError(errno.invalid);
    for (let done = 0n; done < length; ) {
      const bytes = this.#bytes(address + done, Number(minimum(length - done, BigInt(blockSize))));
      let written = bytes.length;
      if (file.kind === 'console') this.#host.writeConsole(bytes);
      else written = accept(this.#hostFiles().write(file.handle, bytes));
      done += BigInt(written);
      if (written < bytes.length) return length - done;
    }
    return 0n;
  }

  /** The answer counts the bytes that were not read. */
  #read(handle: number, address: bigint, length: bigint): bigint {
    const file = this.#file(handle);
    if (length > longestTransfer) throw new CallError(errno.invalid);
    for (let done = 0n; done < length; ) {
      const bytes = this.#readSome(handle, file, Number(minimum(length - done, BigInt(blockSize))));
      if (bytes.length === 0) return length - done;
      this.#put(address + done, bytes);
      done += BigInt(bytes.length);
      // A console gives what has been typed.
      if (file.kind !== 'host') return length - done;
    }
    return 0n;
  }

  #readSome(handle: number, file: OpenFile, length: number): Uint8Array {
    switch (file.kind) {
      case 'features': {
        const bytes = features.slice(file.position, file.position + length);
        this.#files.set(handle, { kind: 'features', position: file.position + bytes.length });
        return bytes;
      }
      case 'console': {
        const bytes: number[] = [];
        while (bytes.length < length) {
          const byte = this.#host.readConsole();
          if (byte === undefined) break;
          bytes.push(byte);
        }
        return Uint8Array.from(bytes);
      }
      case 'host': {
        const bytes = this.#hostFiles().read(file.handle, length);
        if (!(bytes instanceof Uint8Array)) throw new CallError(bytes.errno);
        return bytes.subarray(0, length);
      }
    }
  }

  #seek(handle: number, position: bigint): bigint {
    const file = this.#file(handle);
    const target = Number(position);
    if (file.kind === 'host') accept(this.#hostFiles().seek(file.handle, target));
    else if (file.kind === 'features' && target <= features.length) {
      this.#files.set(handle, { kind: 'features', position: target });
    } else throw new CallError(errno.invalid);
    return 0n;
  }

  #length(handle: number): bigint {
    const file = this.#file(handle);
    if (file.kind === 'host') return BigInt(accept(this.#hostFiles().length(file.handle)));
    return file.kind === 'features' ? BigInt(features.length) : 0n;
  }

  // The rest.

  /** Block: address and size of a buffer in, its length without the closing zero out. */
  #commandLine(block: bigint): bigint {
    const text = new TextEncoder().encode(`${this.#host.commandLine.join(' ')}\0`);
    if (BigInt(text.length) > this.#word(block, 1)) throw new CallError(errno.invalid);
    this.#put(this.#word(block, 0), text);
    this.#store(block + 8n, BigInt(text.length - 1));
    return 0n;
  }

  #heapInformation(block: bigint): bigint {
    const { base, limit, stackBase, stackLimit } = this.#host.heap;
    for (const [index, value] of [base, limit, stackBase, stackLimit].entries()) {
      this.#store(block + BigInt(8 * index), value);
    }
    return 0n;
  }
}

const minimum = (a: bigint, b: bigint) => (a < b ? a : b);

/** The value of an outcome, or its error. */
function accept(outcome: SemihostingOutcome): number {
  if (typeof outcome === 'number') return outcome;
  throw new CallError(outcome.errno);
}
