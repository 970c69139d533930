/**
 * QEMU's words for devices that are plugged in: `-device` and what it refers to by name (`-drive`, `-chardev`,
 * `-object`). References are resolved when all words have been read, as their order does not matter.
 */

import { userNetworkSettings } from './network-words.ts';
import { type Setting, Settings, settings } from './option-values.ts';
import {
  type ConsolePortOptions,
  type DeviceBus,
  type DeviceOptions,
  type DriveOptions,
  type MachineOptions,
  type NetworkOptions,
  OptionError,
} from './options.ts';

interface CharacterDevice {
  readonly terminal: boolean;
  /** Several may use it. */
  readonly shared: boolean;
}

interface Declared {
  readonly driver: string;
  readonly settings: readonly Setting[];
}

/** What has been said about devices so far. */
export class DeviceWords {
  readonly #drives = new Map<string, DriveOptions>();
  /** Drives that are devices by themselves (`if=virtio`), in order. */
  readonly #drivesPlugged: string[] = [];
  readonly #characterDevices = new Map<string, CharacterDevice>();
  readonly #objects = new Set<string>();
  readonly #folders = new Map<string, { readonly path: string; readonly writable: boolean }>();
  readonly #networks = new Map<string, NetworkOptions>();
  #networkDevices = 0;
  readonly #devices: Declared[] = [];
  readonly #serial: string[] = [];
  #terminalUser: string | undefined;
  #terminalShared = false;

  /** A `-drive` that is no flash. */
  addDrive(word: string, list: readonly Setting[]): void {
    const known = ['if', 'file', 'id', 'format', 'readonly', 'media', 'cache', 'aio', 'discard', 'snapshot', 'index'];
    const found = new Settings(word, list, known);
    found.only('if', 'none', 'virtio');
    found.only('format', 'raw');
    found.only('media', 'disk');
    found.only('discard', 'ignore', 'off');
    const plugged = found.get('if') !== 'none';
    const id = found.get('id') ?? (plugged ? `virtio${this.#drivesPlugged.length}` : undefined);
    if (id === undefined) throw new OptionError(`${word}: id=NAME is missing, by which a -device finds the drive`);
    if (this.#drives.has(id)) throw new OptionError(`${word} id=${id}: there are two drives of that name`);
    this.#drives.set(id, {
      file: found.need('file', 'FILE'),
      readOnly: found.flag('readonly'),
      temporary: found.flag('snapshot'),
    });
    if (plugged) this.#drivesPlugged.push(id);
  }

  addCharacterDevice(word: string, text: string): void {
    const found = new Settings(word, settings(text, 'backend'), ['backend', 'id', 'mux', 'signal']);
    found.only('backend', 'stdio', 'null');
    this.#characterDevices.set(found.need('id', 'NAME'), {
      terminal: found.get('backend') === 'stdio',
      shared: found.flag('mux'),
    });
  }

  addObject(word: string, text: string): void {
    const found = new Settings(word, settings(text, 'type'), ['type', 'id', 'filename']);
    found.only('type', 'rng-random', 'rng-builtin');
    this.#objects.add(found.need('id', 'NAME'));
  }

  addNetwork(word: string, text: string): void {
    const { options, rest } = userNetworkSettings(word, settings(text, 'backend'), ['id']);
    this.#networks.set(rest.need('id', 'NAME'), options);
  }

  /** `-nic`: a network and a device on it in one. */
  addNic(word: string, text: string): void {
    if (text === 'none') return;
    const { options, rest: found } = userNetworkSettings(word, settings(text, 'backend'), ['id', 'model', 'mac']);
    const models = ['virtio-net-pci', 'virtio-net-device', 'virtio'];
    found.only('model', ...models);
    const id = `nic${this.#networks.size}`;
    this.#networks.set(id, options);
    const model = found.get('model') ?? 'virtio';
    const mac = found.get('mac');
    this.addDevice([
      { key: 'driver', value: model === 'virtio' ? 'virtio-net-pci' : model },
      { key: 'netdev', value: id },
      ...(mac === undefined ? [] : [{ key: 'mac', value: mac }]),
    ]);
  }

  /** `-fsdev`: a folder that a device can show. */
  addFolder(word: string, text: string, id?: string): void {
    const known = ['backend', 'id', 'path', 'security_model', 'readonly', 'mount_tag'];
    const found = new Settings(word, settings(text, 'backend'), known);
    found.only('backend', 'local');
    const writable = !found.flag('readonly');
    if (writable && found.get('security_model') !== 'none') {
      throw new OptionError(
        `${word} ${text}: for a folder that is written say security_model=none, for one that is only read readonly=on`,
      );
    }
    this.#folders.set(id ?? found.need('id', 'NAME'), { path: found.need('path', 'FOLDER'), writable });
  }

  /** `-virtfs`: a folder and a device for it in one. */
  addFolderDevice(word: string, text: string): void {
    const id = `virtfs${this.#folders.size}`;
    this.addFolder(word, text, id);
    const tag = settings(text).find(({ key }) => key === 'mount_tag');
    if (!tag) throw new OptionError(`${word}: mount_tag=NAME is missing, by which the guest mounts the folder`);
    this.addDevice([{ key: 'driver', value: 'virtio-9p-pci' }, { key: 'fsdev', value: id }, tag]);
  }

  addSerial(word: string, text: string): void {
    const fixed = ['stdio', 'mon:stdio', 'none', 'null'];
    if (!fixed.includes(text) && !text.startsWith('chardev:')) {
      throw new OptionError(`${word} ${text} is not supported. Supported: ${[...fixed, 'chardev:ID'].join(', ')}`);
    }
    this.#serial.push(text);
  }

  addDevice(list: readonly Setting[]): void {
    const [driver, ...rest] = list;
    this.#devices.push({ driver: driver!.value, settings: rest });
  }

  /** The devices and who uses the terminal. @throws OptionError for a name that nobody has, or a device that is not there */
  resolve(): Pick<MachineOptions, 'devices' | 'serial'> {
    const serial = this.#serial.map((text, index) => this.#connects(`serial port ${index}`, text));
    const devices: DeviceOptions[] = [];
    for (const { driver, settings: list } of this.#devices) {
      if (Object.hasOwn(portDrivers, driver)) this.#addPort(driver, list, devices);
      else devices.push(this.#device(driver, list));
    }
    for (const id of this.#drivesPlugged) devices.push(this.#device('virtio-blk-pci', [{ key: 'drive', value: id }]));
    const used = devices.flatMap(device => (device.kind === 'block' ? [device.drive] : []));
    for (const [id, drive] of this.#drives) {
      if (!used.includes(drive)) {
        throw new OptionError(`-drive id=${id}: no device uses the drive; add -device virtio-blk-device,drive=${id}`);
      }
    }
    if (this.#serial.length === 0 && this.#terminalUser !== undefined) serial.push(this.#terminalShared);
    return { devices, serial };
  }

  /** Whether a user of `-serial TEXT` or `chardev=ID` is connected with the terminal, which only one may be. */
  #connects(user: string, text: string): boolean {
    const id = text.startsWith('chardev:') ? text.slice('chardev:'.length) : undefined;
    const backend =
      id === undefined
        ? { terminal: text.endsWith('stdio'), shared: text.startsWith('mon:') }
        : this.#characterDevices.get(id);
    if (!backend) throw new OptionError(`chardev ${id}: there is no -chardev of that name`);
    if (!backend.terminal) return false;
    if (this.#terminalUser !== undefined && !(backend.shared && this.#terminalShared)) {
      throw new OptionError(
        `${user} and ${this.#terminalUser} both use the terminal: give one of them a -chardev null, or let both use one -chardev stdio,mux=on`,
      );
    }
    this.#terminalUser = user;
    this.#terminalShared = backend.shared;
    return true;
  }

  #device(driver: string, list: readonly Setting[]): DeviceOptions {
    const found = Object.hasOwn(drivers, driver) ? drivers[driver] : undefined;
    if (!found) {
      throw new OptionError(`-device ${driver} is not supported. Supported: ${supportedDevices.join(', ')}`);
    }
    const word = `-device ${driver}`;
    const values = new Settings(word, list, [...found.settings, ...busSettings[found.bus]]);
    values.only('disable-modern', 'off', 'false');
    const slot = values.get('addr');
    const place = {
      bus: found.bus,
      ...(slot !== undefined && { slot: pciSlot(word, slot) }),
    };
    switch (found.kind) {
      case 'block': {
        const id = values.need('drive', 'ID');
        const drive = this.#drives.get(id);
        if (!drive) throw new OptionError(`${word},drive=${id}: there is no -drive with id=${id}`);
        return { kind: 'block', ...place, drive, serial: values.get('serial') ?? '' };
      }
      case 'entropy': {
        const id = values.get('rng');
        if (id !== undefined && !this.#objects.has(id)) {
          throw new OptionError(`${word},rng=${id}: there is no -object rng-random or rng-builtin with id=${id}`);
        }
        return { kind: 'entropy', ...place };
      }
      case 'network': {
        const id = values.get('netdev');
        const network = id === undefined ? undefined : this.#networks.get(id);
        if (id !== undefined && !network) {
          throw new OptionError(`${word},netdev=${id}: there is no -netdev with id=${id}`);
        }
        const mac = macAddress(word, values.get('mac'), this.#networkDevices++);
        return { kind: 'network', ...place, mac, ...(network && { network }) };
      }
      case 'folder': {
        const id = values.need('fsdev', 'ID');
        const folder = this.#folders.get(id);
        if (!folder) throw new OptionError(`${word},fsdev=${id}: there is no -fsdev with id=${id}`);
        return { kind: 'folder', ...place, ...folder, tag: values.need('mount_tag', 'NAME') };
      }
      case 'console':
        return { kind: 'console', ...place, ports: [] };
    }
  }

  /** A port belongs to the last device for ports before it. */
  #addPort(driver: string, list: readonly Setting[], devices: DeviceOptions[]): void {
    const word = `-device ${driver}`;
    const index = devices.findLastIndex(device => device.kind === 'console');
    const owner = devices[index];
    if (owner?.kind !== 'console') throw new OptionError(`${word} needs a -device virtio-serial-device before it`);
    const values = new Settings(word, list, ['chardev', 'id', 'name', 'nr', 'bus']);
    const isConsole = driver === 'virtconsole';
    // Port 0 is left to a console.
    const free = (from: number): number => (owner.ports.some(port => port.number === from) ? free(from + 1) : from);
    const number = values.number('nr') ?? free(isConsole ? 0 : 1);
    if (number > 30 || (number === 0 && !isConsole) || owner.ports.some(port => port.number === number)) {
      throw new OptionError(`${word},nr=${number}: ports are 1 to 30 (0 for a console), each used once`);
    }
    const chardev = values.get('chardev');
    const name = values.get('name');
    const port: ConsolePortOptions = {
      number,
      isConsole,
      terminal: chardev !== undefined && this.#connects(`${driver} ${number}`, `chardev:${chardev}`),
      ...(name !== undefined && { name }),
    };
    devices[index] = { ...owner, ports: [...owner.ports, port] };
  }
}

function pciSlot(word: string, text: string): number {
  const match = /^(?:0x)?([0-9a-f]{1,2})(?:\.0)?$/i.exec(text);
  const slot = match ? Number.parseInt(match[1]!, 16) : Number.NaN;
  if (!(slot >= 1 && slot <= 31)) throw new OptionError(`${word},addr=${text}: PCI slots are 1 to 1f`);
  return slot;
}

/** QEMU's addresses count up from 52:54:00:12:34:56. */
function macAddress(word: string, text: string | undefined, index: number): readonly number[] {
  if (text === undefined) return [0x52, 0x54, 0x00, 0x12, 0x34, 0x56 + index];
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) {
    throw new OptionError(`${word},mac=${text}: say six bytes such as 52:54:00:12:34:56`);
  }
  return text.split(':').map(byte => Number.parseInt(byte, 16));
}

interface Driver {
  readonly kind: DeviceOptions['kind'];
  readonly bus: DeviceBus;
  readonly settings: readonly string[];
}

const busSettings: Readonly<Record<DeviceBus, readonly string[]>> = {
  mmio: ['id'],
  pci: ['id', 'addr', 'disable-legacy', 'disable-modern', 'romfile'],
};

/** The names of a device on each bus: `virtio-blk-device`; `virtio-blk-pci` and, as the board has PCI, `virtio-blk`. */
const onEachBus = (name: string, kind: DeviceOptions['kind'], extra: readonly string[]): [string, Driver][] => [
  [`${name}-device`, { kind, bus: 'mmio', settings: extra }],
  [`${name}-pci`, { kind, bus: 'pci', settings: extra }],
  [name, { kind, bus: 'pci', settings: extra }],
];

const drivers: Readonly<Record<string, Driver>> = Object.fromEntries([
  ...onEachBus('virtio-blk', 'block', ['drive', 'serial']),
  ...onEachBus('virtio-rng', 'entropy', ['rng']),
  ...onEachBus('virtio-net', 'network', ['netdev', 'mac']),
  ...onEachBus('virtio-9p', 'folder', ['fsdev', 'mount_tag']),
  ...onEachBus('virtio-serial', 'console', []),
]);

const portDrivers: Readonly<Record<string, true>> = { virtconsole: true, virtserialport: true };

/** What `-device` may name besides the loaders. */
export const supportedDevices: readonly string[] = [...Object.keys(drivers), ...Object.keys(portDrivers)];
