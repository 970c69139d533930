/** Memory of an emulated machine through any address space, without a trace left in it. */
import type { AccessKind, AddressTranslator, ExecutionUnit, Fault, Machine, WalkStep } from '../../emulator/index.ts';
import { isSecure } from '../../emulator/index.ts';
import { hex } from '../debugger/expression/value.ts';
import type { AddressTranslation, ExceptionLevel, MemoryRead, SpaceAddress } from '../debugger/target.ts';

const pageSize = 4096;
/** Physical addresses end here (52 bits). */
const physicalLimit = 2n ** 52n;

export function translate(
  unit: ExecutionUnit,
  { space, address }: SpaceAddress,
  access: AccessKind,
  translator: AddressTranslator = unit.translator,
): AddressTranslation {
  const steps: WalkStep[] = [];
  const recorder = { step: (one: WalkStep) => void steps.push(one) };
  const ok = (pa: number, ipa?: number): AddressTranslation => ({
    ok: true,
    pa: BigInt(pa),
    ...(ipa !== undefined && ipa !== pa && { ipa: BigInt(ipa) }),
    steps: steps.map(stepText),
  });
  const failed = (problem: string): AddressTranslation => ({ ok: false, problem, steps: steps.map(stepText) });
  if (space.kind !== 'va' && address >= physicalLimit)
    return failed(
      `${hex(address)} is no ${space.kind === 'pa' ? 'physical' : 'intermediate physical'} address: it has more than 52 bits`,
    );
  switch (space.kind) {
    case 'pa':
      return ok(Number(address));
    case 'ipa': {
      const result = unit.translator.translateIntermediate(Number(address), {
        access,
        privileged: true,
        secure: isSecure(unit.pe, 1),
        purpose: 'inspect',
        recorder,
      });
      if (!result) return ok(Number(address));
      return result.failed
        ? failed(`stage 2 does not map IPA ${hex(address)}`)
        : ok(result.physicalAddress, Number(address));
    }
    case 'va': {
      const el = space.el ?? (unit.state.el as ExceptionLevel);
      const result = translator.translate({
        virtualAddress: address,
        access,
        regime: translator.regimeOf(el),
        // A person may look at what a program may not.
        privileged: true,
        secure: isSecure(unit.pe, el),
        pan: false,
        purpose: 'inspect',
        recorder,
      });
      return result.ok
        ? ok(result.physicalAddress, result.intermediatePhysicalAddress)
        : failed(faultText(result.fault));
    }
  }
}

/** The translation for looking: memory that may be executed only can be read as well. */
function translateForReading(unit: ExecutionUnit, at: SpaceAddress, translator: AddressTranslator): AddressTranslation {
  const read = translate(unit, at, 'read', translator);
  if (read.ok) return read;
  const execute = translate(unit, at, 'execute', translator);
  return execute.ok ? execute : read;
}

function faultText(fault: Fault): string {
  const words = fault.kind.replace(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`);
  const walk = fault.onStage1Walk ? ' for a stage 1 table' : '';
  const ipa =
    fault.intermediatePhysicalAddress === undefined ? '' : ` of IPA ${hex(fault.intermediatePhysicalAddress)}`;
  return `${words} fault at stage ${fault.stage} level ${fault.level}${ipa}${walk}, VA ${hex(fault.virtualAddress)}`;
}

function stepText({
  stage,
  onStage1Walk,
  level,
  index,
  descriptorAddress,
  descriptor,
  kind,
  outputAddress,
}: WalkStep): string {
  const where = `stage ${stage}${onStage1Walk ? ' (for a stage 1 table)' : ''} level ${level}, entry ${index} at ${hex(descriptorAddress)}`;
  const what = descriptor === undefined ? 'unreadable' : `${hex(descriptor, 16)}, ${kind}`;
  return `${where}: ${what}${outputAddress === undefined ? '' : ` → ${hex(outputAddress)}`}`;
}

/** Calls `use` for each part of a range that lies in one page; it returns false to end. */
function forPages(
  at: SpaceAddress,
  length: number,
  use: (part: SpaceAddress, offset: number, size: number) => boolean,
): void {
  for (let offset = 0; offset < length; ) {
    const address = BigInt.asUintN(64, at.address + BigInt(offset));
    const size = Math.min(length - offset, pageSize - Number(address & 0xfffn));
    if (!use({ space: at.space, address }, offset, size)) return;
    offset += size;
  }
}

/** The element's own, or the one that an exception record asks for. */
export function translatorAt({ exceptions }: Machine, unit: ExecutionUnit, { space }: SpaceAddress): AddressTranslator {
  const then = space.kind === 'va' && space.record !== undefined ? exceptions.registersAt(space.record) : undefined;
  return then?.translation ? unit.translator.asWith(then.translation) : unit.translator;
}

export function readMemory(machine: Machine, unit: ExecutionUnit, at: SpaceAddress, length: number): MemoryRead {
  const translator = translatorAt(machine, unit, at);
  const bytes = new Uint8Array(length);
  let done = 0;
  let problem: string | undefined;
  forPages(at, length, (part, offset, size) => {
    const translation = translateForReading(unit, part, translator);
    if (!translation.ok) {
      problem = translation.problem;
      return false;
    }
    const source = machine.board.memory.bytes(Number(translation.pa), size);
    if (!source) {
      problem = `there is no memory at PA ${hex(translation.pa)}${translation.pa === part.address ? '' : `, where ${hex(part.address)} leads`}; devices are not read`;
      return false;
    }
    bytes.set(source, offset);
    done = offset + size;
    return true;
  });
  return { bytes: bytes.subarray(0, done), unreadable: length - done, ...(problem !== undefined && { problem }) };
}

export function writeMemory(machine: Machine, unit: ExecutionUnit, at: SpaceAddress, bytes: Uint8Array): number {
  const translator = translatorAt(machine, unit, at);
  let done = 0;
  forPages(at, bytes.length, (part, offset, size) => {
    const translation = translateForReading(unit, part, translator);
    if (!translation.ok) return false;
    const written = machine.writeMemory(Number(translation.pa), bytes.subarray(offset, offset + size));
    done = offset + written;
    return written === size;
  });
  return done;
}

/** No image is at more places than this. */
const mostPlaces = 16;

/** Physical addresses of memory where these words stand at an offset within a page. */
export function findInMemory({ board: { memory } }: Machine, words: Uint32Array, pageOffset: number): bigint[] {
  const { u32 } = memory;
  const found: bigint[] = [];
  const [first] = words;
  if (first === undefined) return found;
  for (const { base, host, size } of memory.blocks) {
    const last = (host + size) >>> 2;
    for (let page = 0; page < size; page += pageSize) {
      const at = (host + page + pageOffset) >>> 2;
      if (u32[at] !== first || at + words.length > last) continue;
      if (words.every((word, index) => u32[at + index] === word)) found.push(BigInt(base + page + pageOffset));
      if (found.length >= mostPlaces) return found;
    }
  }
  return found;
}
