/** Makes the devices that are plugged into the board, from what the options say. */

import type { DirectMemoryAccess } from '../bus/direct-memory-access.ts';
import type { VirtualClock } from '../bus/types.ts';
import { type PciHost, requesterId } from '../devices/pci/host.ts';
import { UserNetwork } from '../devices/user-network/user-network.ts';
import { VirtioBlock } from '../devices/virtio/block.ts';
import { type ConsolePort, VirtioConsole } from '../devices/virtio/console.ts';
import type { VirtioDevice } from '../devices/virtio/device.ts';
import { Disk, type DiskImage } from '../devices/virtio/disk.ts';
import { VirtioEntropy } from '../devices/virtio/entropy.ts';
import type { FolderService } from '../devices/virtio/folder-operation.ts';
import { VirtioNetwork } from '../devices/virtio/network.ts';
import { Virtio9p } from '../devices/virtio/nine-p.ts';
import { VirtioPci } from '../devices/virtio/pci.ts';
import { readOnlyFolder } from '../devices/virtio/shared-folder.ts';
import type { BootFiles } from './boot.ts';
import type { FolderJournal } from './folder-journal.ts';
import type { NetworkRequest } from './host-streams.ts';
import { type DeviceOptions, type MachineOptions, OptionError } from './options.ts';
import { virtMemoryMap } from './virt-memory-map.ts';

/** A device before it has a place. */
export interface PluggedDevice {
  readonly options: DeviceOptions;
  readonly device: VirtioDevice;
  /** Ports of a console device that are connected with the terminal. */
  readonly terminalPorts: readonly number[];
  /** What a network device is connected with. */
  readonly network: UserNetwork | undefined;
}

/** What devices need of the machine around them. */
export interface DeviceSurroundings {
  readonly clock: VirtualClock;
  /** Takes bytes for the terminal. */
  readonly transmit: (byte: number) => void;
  readonly networkRequest: (request: NetworkRequest) => void;
  readonly folders: FolderJournal;
}

export function pluggedDevices(
  machine: MachineOptions,
  files: BootFiles,
  surroundings: DeviceSurroundings,
): readonly PluggedDevice[] {
  return machine.devices.map((options, index) => {
    const network = options.kind === 'network' ? userNetwork(options, index, machine, surroundings) : undefined;
    return {
      options,
      device: makeDevice(options, index, { machine, files, network, ...surroundings }),
      terminalPorts:
        options.kind === 'console' ? options.ports.filter(port => port.terminal).map(port => port.number) : [],
      network,
    };
  });
}

function userNetwork(
  { network: wanted, mac }: Extract<DeviceOptions, { kind: 'network' }>,
  index: number,
  { counter }: MachineOptions,
  { clock, networkRequest }: DeviceSurroundings,
): UserNetwork | undefined {
  if (!wanted) return undefined;
  return new UserNetwork({
    mac,
    loopback: wanted.loopback,
    clock,
    second: counter.frequency * counter.instructionsPerTick,
    request: request => networkRequest({ network: index, ...request }),
  });
}

function makeDevice(
  options: DeviceOptions,
  index: number,
  {
    machine,
    files,
    network,
    transmit,
    folders,
  }: DeviceSurroundings & {
    readonly machine: MachineOptions;
    readonly files: BootFiles;
    readonly network: UserNetwork | undefined;
  },
): VirtioDevice {
  switch (options.kind) {
    case 'block': {
      const { drive, serial } = options;
      return new VirtioBlock({ disk: new Disk(openImage(drive.file, files)), readOnly: drive.readOnly, serial });
    }
    case 'entropy':
      return new VirtioEntropy(machine.seed * 0x100 + index);
    case 'network':
      return new VirtioNetwork({ mac: options.mac, ...(network && { network }) });
    case 'folder':
      return new Virtio9p({
        folder: openFolder(options, files, folders),
        writable: options.writable,
        tag: options.tag,
      });
    case 'console':
      return new VirtioConsole(
        options.ports.map(({ terminal, ...port }): ConsolePort => ({ ...port, ...(terminal && { transmit }) })),
      );
  }
}

function openFolder(
  { path, writable }: Extract<DeviceOptions, { kind: 'folder' }>,
  files: BootFiles,
  folders: FolderJournal,
): FolderService {
  if (writable && files.writableFolder) return folders.keep(files.writableFolder(path));
  if (!writable && files.folder) return readOnlyFolder(files.folder(path));
  throw new OptionError(`${path}: folders cannot be shared here${writable ? ' for writing' : ''}`);
}

function openImage(name: string, files: BootFiles): DiskImage {
  if (files.image) return files.image(name);
  const bytes = files.read(name);
  return { size: bytes.length, read: (offset, length) => bytes.subarray(offset, offset + length) };
}

/** The transport of each device on MMIO: the first device has the last one, as on QEMU. */
export function assignTransports(devices: readonly PluggedDevice[]): ReadonlyMap<number, PluggedDevice> {
  const { count } = virtMemoryMap.virtio;
  const onMmio = devices.filter(({ options }) => options.bus === 'mmio');
  if (onMmio.length > count) {
    throw new OptionError(`there are ${onMmio.length} devices for virtio-mmio, and the board has ${count} transports`);
  }
  return new Map(onMmio.map((device, index) => [count - 1 - index, device]));
}

/** What functions need of the board. */
export interface PciBoard {
  readonly memory: DirectMemoryAccess;
  /** Takes a message of a function: an interrupt, or a word for memory. */
  readonly send: (requester: number, address: number, data: number) => void;
}

const slots = 32;

/** Plugs devices into the PCI bus: where they ask to be, or into the first free slot. */
export function plugIntoPci(host: PciHost, devices: readonly PluggedDevice[], board: PciBoard): readonly VirtioPci[] {
  const onPci = devices.filter(({ options }) => options.bus === 'pci');
  const taken = new Set([0]);
  return onPci.map(({ device, options: { slot: wanted } }) => {
    let slot = wanted ?? 1;
    while (wanted === undefined && taken.has(slot)) slot++;
    if (taken.has(slot)) throw new OptionError(`PCI slot ${slot.toString(16)} (addr=) has a device already`);
    if (slot >= slots)
      throw new OptionError(`there are ${onPci.length} devices for PCI, and the bus has ${slots - 1} slots`);
    taken.add(slot);
    const plugged = new VirtioPci({
      device,
      memory: board.memory,
      send: (address, data) => board.send(requesterId(slot), address, data),
    });
    host.plug(slot, plugged, 1);
    return plugged;
  });
}
