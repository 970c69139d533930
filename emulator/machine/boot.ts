/**
 * Decides what lies where in memory before the first instruction, and with which registers it runs.
 *
 * QEMU puts a few instructions in front of a kernel that load its arguments; here those registers are set directly
 * (x0 = device tree, x1 to x3 = 0), which a guest cannot tell apart.
 */

import { fwCfgItem, littleEndian } from '../devices/fw-cfg.ts';
import { RandomStream } from '../devices/random-stream.ts';
import type { DiskImage } from '../devices/virtio/disk.ts';
import type { FolderService } from '../devices/virtio/folder-operation.ts';
import type { SharedFolder } from '../devices/virtio/shared-folder.ts';
import { type ElfImage, isElf, readElfImage } from './elf-image.ts';
import { type DeviceTree, DeviceTreeError, flatten, parseDeviceTree } from './flattened-device-tree.ts';
import { checkPieces, ImageError, type LoadableRange, type LoadedPiece } from './image.ts';
import { isGzip, placeKernelImage } from './kernel-image.ts';
import type { MachineOptions } from './options.ts';
import { addChosen, type BoardFacts, disagreement, replaceMemory, replacePsci } from './virt-device-tree.ts';
import { virtMemoryMap } from './virt-memory-map.ts';

/** Contents of the files that the options name. */
export interface BootFiles {
  /** @throws whatever a host throws for a file that cannot be read */
  read(name: string): Uint8Array;
  /** A drive's image, of which parts are read when they are needed; without it the file is read whole. */
  image?(name: string): DiskImage;
  /** A folder; without it none can be shared. */
  folder?(name: string): SharedFolder;
  /** A folder that a guest may change; without it none can be. */
  writableFolder?(name: string): FolderService;
  /** Decompresses gzip data; without it a compressed kernel is refused. */
  inflate?(bytes: Uint8Array): Uint8Array;
}

/** Registers of a processing element that runs from the start. */
export interface InitialRegisters {
  readonly pc: bigint;
  readonly x0: bigint;
  /** Data are big-endian at each level. */
  readonly bigEndian?: boolean;
}

/** Memory and registers at the start. */
export interface BootPlan {
  readonly pieces: readonly LoadedPiece[];
  /** By processing element; one that is absent waits to be started through PSCI. */
  readonly starts: ReadonlyMap<number, InitialRegisters>;
  /**
   * What runs first: `linux` is entered by the boot protocol at the highest Non-secure level, after a stand-in for
   * firmware has set up EL3 where there is one; `program` and `firmware` are entered at the highest level there is.
   */
  readonly kind: 'linux' | 'program' | 'firmware';
  /** Items that firmware reads through fw_cfg. */
  readonly fwCfgItems: ReadonlyMap<number, Uint8Array>;
}

/** The instruction by which PSCI is called; `none` where the guest's own firmware provides it. */
export type PsciConduit = 'smc' | 'hvc' | 'none';

const mebibyte = 0x10_0000;
const deviceTreeAlignment = 2 * mebibyte;
const page = 0x1000;
const roundUp = (value: number, multiple: number) => Math.ceil(value / multiple) * multiple;

/** What runs first, as far as the options say it without reading a file; a `-kernel` needs its bytes. */
function startingKind(options: MachineOptions, files: BootFiles): BootPlan['kind'] {
  if (options.bios !== undefined || options.flash.some(f => f.bank === 0)) return 'firmware';
  if (options.kernel !== undefined) return isElf(files.read(options.kernel)) ? 'program' : 'linux';
  if (options.loaders.some(loader => loader.startsElement !== undefined)) return 'program';
  if (options.starts.length > 0) return 'program';
  throw new ImageError('nothing to run: give a program with -kernel FILE or firmware with -bios FILE');
}

/**
 * The conduit of PSCI: none where software of the guest runs at EL3 and provides it itself, SMC where EL2 belongs to
 * the guest, HVC otherwise.
 */
export function psciConduit(options: MachineOptions, files: BootFiles): PsciConduit {
  if (options.secure && startingKind(options, files) !== 'linux') return 'none';
  return options.virtualization ? 'smc' : 'hvc';
}

/**
 * Plans the start.
 *
 * @param boardTree the board's own device tree, used unless the options name another
 * @throws ImageError or OptionError when files are unusable, overlap or do not fit
 */
export function planBoot(
  options: MachineOptions,
  files: BootFiles,
  boardTree: DeviceTree,
  board: BoardFacts,
): BootPlan {
  const kind = startingKind(options, files);
  const tree = options.dtb === undefined ? boardTree : userTree(options, files, options.dtb, board);
  if (options.deviceTreeSeeds) {
    const random = new RandomStream(options.seed);
    addChosen(tree, { seeds: { layout: random.bytes(8), numbers: random.bytes(32) } });
  }
  const pieces: LoadedPiece[] = [];
  const starts = new Map<number, InitialRegisters>();
  let fwCfgItems = new Map<number, Uint8Array>();

  for (const { bank, file } of options.flash) pieces.push(flashPiece(bank, file, files.read(file)));
  if (options.bios !== undefined) pieces.push(flashPiece(0, options.bios, files.read(options.bios)));
  pieces.push(...options.loaders.flatMap(loader => loaderPieces(loader, files, starts)));
  for (const { address, bytes } of options.loaderValues) {
    pieces.push({ name: '-device loader,data=…', address, bytes, size: bytes.length });
  }

  for (const { element, address } of options.starts) starts.set(element, { pc: BigInt(address), x0: 0n });
  for (const { file, ...module } of options.guestModules) {
    const bytes = files.read(file);
    pieces.push({ name: file, address: module.address, bytes, size: bytes.length });
    addChosen(tree, { modules: [{ ...module, size: bytes.length }] });
  }

  const ramBase = virtMemoryMap.ram.base;
  if (kind === 'firmware') {
    fwCfgItems = kernelForFirmware(options, files);
    pieces.push(treePiece(tree, ramBase));
    if (!starts.has(0)) starts.set(0, { pc: BigInt(virtMemoryMap.flash0.base), x0: 0n });
  } else if (options.kernel === undefined) {
    addTreeBelow(pieces, tree, ramBase);
  } else if (kind === 'program') {
    const elf = readElfImage(options.kernel, files.read(options.kernel));
    pieces.push(...elf.pieces);
    addChosen(tree, { bootArguments: options.append });
    addTreeBelow(pieces, tree, ramBase);
    starts.set(0, elfStart(elf));
  } else {
    starts.set(0, planLinux(options, files, options.kernel, tree, pieces));
  }
  checkPieces(pieces, memoryOf(options));
  const first = starts.get(0);
  if (first && psciConduit(options, files) === 'none') {
    // Nobody could start the others later: they all begin at the same place and the program sorts them out.
    for (let pe = 1; pe < options.processingElements; pe++) if (!starts.has(pe)) starts.set(pe, first);
  }
  return { pieces, starts, kind, fwCfgItems };
}

const elfStart = ({ entry, bigEndian }: ElfImage): InitialRegisters => ({ pc: BigInt(entry), x0: 0n, bigEndian });

/** The ranges that images may be loaded into. */
function memoryOf(options: MachineOptions): LoadableRange[] {
  const { flash0, flash1, ram, secureRam } = virtMemoryMap;
  return [
    { name: 'flash bank 0', ...flash0 },
    { name: 'flash bank 1', ...flash1 },
    ...(options.secure ? [{ name: 'secure RAM', ...secureRam }] : []),
    { name: 'RAM', base: ram.base, size: options.memorySize },
  ];
}

function userTree(options: MachineOptions, files: BootFiles, name: string, board: BoardFacts): DeviceTree {
  try {
    const tree = parseDeviceTree(files.read(name));
    const problem = disagreement(tree, board);
    if (problem) throw new ImageError(`${name} does not describe this machine: ${problem}`);
    replaceMemory(tree, virtMemoryMap.ram.base, options.memorySize);
    replacePsci(tree, psciConduit(options, files));
    return tree;
  } catch (error) {
    if (error instanceof DeviceTreeError) throw new ImageError(`${name}: ${error.message}`);
    throw error;
  }
}

function flashPiece(bank: 0 | 1, name: string, bytes: Uint8Array): LoadedPiece {
  const { base, size } = bank === 0 ? virtMemoryMap.flash0 : virtMemoryMap.flash1;
  if (bytes.length > size) {
    throw new ImageError(`${name}: ${bytes.length} bytes do not fit flash bank ${bank} of ${size / mebibyte} MiB`);
  }
  return { name, address: base, bytes, size: bytes.length, survivesReset: true };
}

function loaderPieces(
  loader: MachineOptions['loaders'][number],
  files: BootFiles,
  starts: Map<number, InitialRegisters>,
): readonly LoadedPiece[] {
  const bytes = files.read(loader.file);
  if (isElf(bytes) && !loader.raw) {
    const elf = readElfImage(loader.file, bytes);
    if (loader.startsElement !== undefined) starts.set(loader.startsElement, elfStart(elf));
    return elf.pieces;
  }
  if (loader.address === undefined) {
    throw new ImageError(`${loader.file} is not an ELF file: say where it goes with addr=ADDRESS`);
  }
  if (loader.startsElement !== undefined) starts.set(loader.startsElement, { pc: BigInt(loader.address), x0: 0n });
  return [{ name: loader.file, address: loader.address, bytes, size: bytes.length }];
}

function planLinux(
  options: MachineOptions,
  files: BootFiles,
  kernel: string,
  tree: DeviceTree,
  pieces: LoadedPiece[],
): InitialRegisters {
  const ramBase = virtMemoryMap.ram.base;
  const bytes = uncompressed(kernel, files);
  const placed = placeKernelImage(kernel, bytes);
  const address = ramBase + placed.offset;
  pieces.push({ name: kernel, address, bytes, size: placed.size });

  // The RAM disk goes far enough up for a kernel that unpacks itself, but within the first 128 MiB.
  const half = ramBase + Math.min(options.memorySize / 2, 128 * mebibyte);
  const initrdAt = roundUp(Math.max(half, address + placed.size), page);
  let end = initrdAt;
  if (options.initrd !== undefined) {
    const disk = files.read(options.initrd);
    pieces.push({ name: options.initrd, address: initrdAt, bytes: disk, size: disk.length });
    end += disk.length;
    addChosen(tree, { initrd: { start: initrdAt, end } });
  }
  addChosen(tree, { bootArguments: options.append });
  const treeAt = roundUp(end, deviceTreeAlignment);
  pieces.push(treePiece(tree, treeAt));
  return { pc: BigInt(address), x0: BigInt(treeAt) };
}

function uncompressed(name: string, files: BootFiles): Uint8Array {
  const bytes = files.read(name);
  if (bytes.length === 0) throw new ImageError(`${name} is empty`);
  if (!isGzip(bytes)) return bytes;
  if (!files.inflate) throw new ImageError(`${name} is compressed by gzip: unpack it first (gzip -d)`);
  try {
    return files.inflate(bytes);
  } catch (error) {
    throw new ImageError(
      `${name} is compressed by gzip and damaged: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** Boot loaders add to the tree in place, so it claims more room than it needs, as much as on QEMU. */
const deviceTreeRoom = mebibyte;

function treePiece(tree: DeviceTree, address: number, room = deviceTreeRoom): LoadedPiece {
  const bytes = flatten(tree, room);
  return { name: 'device tree', address, bytes, size: bytes.length };
}

/** A program that does not ask for a device tree still finds one at the start of RAM, if it leaves that free. */
function addTreeBelow(pieces: LoadedPiece[], tree: DeviceTree, ramBase: number): void {
  const piece = treePiece(tree, ramBase, 0);
  const lowest = Math.min(...pieces.filter(p => p.address + p.size > ramBase).map(p => p.address));
  if (lowest >= ramBase + piece.size) pieces.push(piece);
}

/** Firmware that is given a kernel finds it in fw_cfg and boots it itself. */
function kernelForFirmware(options: MachineOptions, files: BootFiles): Map<number, Uint8Array> {
  const items = new Map<number, Uint8Array>();
  const put = (size: number, data: number, bytes: Uint8Array) => {
    items.set(size, littleEndian(bytes.length, 4));
    items.set(data, bytes);
  };
  if (options.kernel !== undefined) put(fwCfgItem.kernelSize, fwCfgItem.kernelData, files.read(options.kernel));
  if (options.initrd !== undefined) put(fwCfgItem.initrdSize, fwCfgItem.initrdData, files.read(options.initrd));
  if (options.append !== undefined) {
    put(fwCfgItem.commandLineSize, fwCfgItem.commandLineData, new TextEncoder().encode(`${options.append}\0`));
  }
  return items;
}
