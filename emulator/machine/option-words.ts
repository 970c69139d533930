/** Reads QEMU's command line words (`-M virt,virtualization=on -m 512 …`) into machine options. */

import { cpuProperties, findCpuModel } from '../architecture/cpu-model.ts';
import { DeviceWords, supportedDevices } from './device-words.ts';
import { number, onOff, type Setting, Settings, settings, unsupported } from './option-values.ts';
import {
  defaultMachineOptions,
  type FlashOptions,
  type FwCfgOptions,
  type GuestModuleOptions,
  type LoaderOptions,
  type LoaderValue,
  type MachineOptions,
  OptionError,
  type StartOptions,
} from './options.ts';
import { mostProcessingElements } from './virt-memory-map.ts';

/** Writable while words are read. */
type Draft = { -readonly [K in keyof MachineOptions]: MachineOptions[K] } & {
  flash: FlashOptions[];
  loaders: LoaderOptions[];
  loaderValues: LoaderValue[];
  starts: StartOptions[];
  guestModules: GuestModuleOptions[];
  fwCfg: FwCfgOptions[];
  /** What will be `devices` and `serial`. */
  words: DeviceWords;
};

/** A word's handler. Words without a value have none in their handler's parameters. */
type WordHandler =
  | { readonly value: string; readonly read: (draft: Draft, value: string, word: string) => void }
  | { readonly value?: undefined; readonly read: (draft: Draft) => void };

const mebibyte = 0x10_0000;
/** A GICv2 names its targets in a byte. */
const mostGicV2Interfaces = 8;
/** Instructions of one nanosecond in a tick of 62.5 MHz. */
const instructionsPerTickAtShiftZero = 16;

const flag = (read: (draft: Draft) => void): WordHandler => ({ read });
const nothing: WordHandler = flag(() => {});

/** Every word that is understood, with what its value looks like. */
const words: Readonly<Record<string, WordHandler>> = {
  '-M': { value: 'virt[,virtualization=on][,secure=on][,gic-version=2|3|max][,mte=on]', read: machine },
  '-machine': { value: 'virt[,…]', read: machine },
  '-cpu': { value: 'MODEL', read: cpu },
  '-smp': { value: 'N', read: processors },
  '-m': { value: 'SIZE', read: memory },
  '-kernel': { value: 'FILE', read: (draft, value) => void (draft.kernel = value) },
  '-initrd': { value: 'FILE', read: (draft, value) => void (draft.initrd = value) },
  '-append': { value: 'TEXT', read: (draft, value) => void (draft.append = value) },
  '-bios': { value: 'FILE', read: (draft, value) => void (draft.bios = value) },
  '-dtb': { value: 'FILE', read: (draft, value) => void (draft.dtb = value) },
  '-drive': { value: 'if=pflash|none|virtio,format=raw,file=FILE[,id=ID][,unit=0|1][,readonly=on]', read: drive },
  '-pflash': { value: 'FILE', read: (draft, value) => addFlash(draft, value, undefined) },
  '-device': {
    value: 'loader,file=FILE[,addr=ADDRESS][,cpu-num=N]|guest-loader,addr=ADDRESS,kernel=FILE|virtio-…[,…]',
    read: device,
  },
  '-chardev': { value: 'stdio|null,id=ID[,mux=on]', read: (d, value, word) => d.words.addCharacterDevice(word, value) },
  '-object': { value: 'rng-random|rng-builtin,id=ID', read: (d, value, word) => d.words.addObject(word, value) },
  '-global': { value: 'virtio-mmio.force-legacy=on|off', read: globalProperty },
  '-seed': { value: 'N', read: (draft, value, word) => void (draft.seed = number(word, value)) },
  '-fw_cfg': { value: '[name=]NAME,file=FILE|string=TEXT', read: fwCfg },
  '-semihosting': flag(draft => void (draft.semihosting = { ...draft.semihosting, enabled: true })),
  '-semihosting-config': { value: 'enable=on[,target=native][,userspace=on][,arg=WORD]…', read: semihosting },
  '-icount': { value: 'shift=N', read: instructionCount },
  '-rtc': { value: 'base=DATE', read: realTime },
  '-nographic': nothing,
  '-nodefaults': nothing,
  '-no-reboot': flag(draft => void (draft.noReboot = true)),
  '-S': flag(draft => void (draft.startPaused = true)),
  '-serial': { value: 'stdio|mon:stdio|none|chardev:ID', read: (d, value, word) => d.words.addSerial(word, value) },
  '-monitor': { value: 'none', read: oneOf('none', 'null') },
  '-display': { value: 'none', read: oneOf('none') },
  '-accel': { value: 'tcg', read: oneOf('tcg') },
  '-fsdev': { value: 'local,id=ID,path=FOLDER,readonly=on', read: (d, value, word) => d.words.addFolder(word, value) },
  '-virtfs': {
    value: 'local,path=FOLDER,mount_tag=NAME,readonly=on',
    read: (d, value, word) => d.words.addFolderDevice(word, value),
  },
  '-netdev': { value: 'user,id=ID', read: (draft, value, word) => draft.words.addNetwork(word, value) },
  '-nic': { value: 'none|user[,model=virtio-net-pci]', read: (d, value, word) => d.words.addNic(word, value) },
  '-net': { value: 'none', read: oneOf('none') },
};

/** The words with their values, for a usage text. */
export const optionWordUsage: readonly string[] = Object.entries(words).map(([word, { value }]) =>
  value ? `${word} ${value}` : word,
);

/**
 * Reads words as QEMU's command line has them. A word may begin with one dash or two.
 *
 * @param base what holds where the words say nothing
 * @throws OptionError naming the word and what is supported instead
 */
export function parseOptionWords(
  given: readonly string[],
  base: MachineOptions = defaultMachineOptions,
): MachineOptions {
  const draft: Draft = {
    ...base,
    flash: [...base.flash],
    loaders: [...base.loaders],
    loaderValues: [...base.loaderValues],
    starts: [...base.starts],
    guestModules: [...base.guestModules],
    fwCfg: [...base.fwCfg],
    words: new DeviceWords(),
  };
  for (let index = 0; index < given.length; index++) {
    const written = given[index]!;
    const word = written.startsWith('--') ? written.slice(1) : written;
    const handler = Object.hasOwn(words, word) ? words[word]! : undefined;
    if (!handler) throw unknownWord(written);
    if (handler.value === undefined) {
      handler.read(draft);
      continue;
    }
    const value = given[++index];
    if (value === undefined) throw new OptionError(`${written} needs a value: ${word} ${handler.value}`);
    handler.read(draft, value, word);
  }
  return check(draft);
}

/** Says whether a word belongs to the machine's options, and whether a value follows it. */
export function optionWord(written: string): { readonly hasValue: boolean } | undefined {
  const word = written.startsWith('--') ? written.slice(1) : written;
  return Object.hasOwn(words, word) ? { hasValue: words[word]!.value !== undefined } : undefined;
}

function unknownWord(written: string): OptionError {
  if (!written.startsWith('-'))
    return new OptionError(`${written} is not an option; a kernel is given by -kernel FILE`);
  return new OptionError(`${written} is not supported. Supported: ${Object.keys(words).join(' ')}`);
}

function check(draft: Draft): MachineOptions {
  if (draft.initrd !== undefined && draft.kernel === undefined) {
    throw new OptionError('-initrd needs -kernel: only a kernel is told where the RAM disk is');
  }
  if (draft.append !== undefined && draft.kernel === undefined) {
    throw new OptionError('-append needs -kernel: only a kernel has a command line');
  }
  if (draft.bios !== undefined && draft.flash.some(f => f.bank === 0)) {
    throw new OptionError('-bios and -drive if=pflash,unit=0 both fill the first flash bank: give one of them');
  }
  const started = [...draft.starts.map(s => s.element), ...draft.loaders.map(l => l.startsElement ?? 0)];
  const absent = started.find(element => element >= draft.processingElements);
  if (absent !== undefined) {
    throw new OptionError(
      `-device loader,cpu-num=${absent}: there are processing elements 0 to ${draft.processingElements - 1} (-smp)`,
    );
  }
  const most = draft.gicVersion === 2 ? mostGicV2Interfaces : mostProcessingElements;
  if (draft.processingElements < 1 || draft.processingElements > most) {
    throw new OptionError(
      `-smp ${draft.processingElements}: with gic-version=${draft.gicVersion} there are 1 to ${most} processing elements`,
    );
  }
  const { words: deviceWords, ...options } = draft;
  const { devices, serial } = deviceWords.resolve();
  return {
    ...options,
    devices: [...options.devices, ...devices],
    serial: serial.length > 0 ? serial : options.serial,
  };
}

/** Accepts a value that asks for what the machine does anyway. */
function oneOf(...accepted: readonly string[]) {
  return (_draft: Draft, value: string, word: string) => {
    if (!accepted.includes(value))
      throw new OptionError(`${word} ${value} is not supported. Supported: ${accepted.join(', ')}`);
  };
}

/** Settings of the board that may be written out with the only value there is. */
const fixedMachineSettings: Readonly<Record<string, string>> = {
  accel: 'tcg',
  highmem: 'on',
  iommu: 'none',
  acpi: 'off',
  usb: 'off',
  graphics: 'off',
};

function machine(draft: Draft, text: string, word: string): void {
  for (const setting of settings(text, 'type')) {
    const { key, value } = setting;
    switch (key) {
      case 'type':
        if (!/^virt(-\d+\.\d+)?$/.test(value))
          throw new OptionError(`${word} ${value} is not supported. Supported: virt`);
        break;
      case 'virtualization':
        draft.virtualization = onOff(word, setting);
        break;
      case 'secure':
        draft.secure = onOff(word, setting);
        break;
      case 'mte':
        draft.memoryTagging = onOff(word, setting);
        break;
      case 'its':
        draft.its = onOff(word, setting);
        break;
      case 'dtb-randomness':
      case 'dtb-kaslr-seed':
        draft.deviceTreeSeeds = onOff(word, setting);
        break;
      case 'gic-version':
        if (value !== '2' && value !== '3' && value !== 'max') throw unsupported(word, setting, '2, 3, max');
        draft.gicVersion = value === '2' ? 2 : 3;
        break;
      default: {
        const fixed = Object.hasOwn(fixedMachineSettings, key) ? fixedMachineSettings[key] : undefined;
        if (fixed === undefined) {
          throw unsupported(word, setting, 'virtualization=on|off, secure=on|off, gic-version=2|3|max, mte=on|off');
        }
        if (value !== fixed) throw unsupported(word, setting, `${key}=${fixed}`);
      }
    }
  }
}

function cpu(draft: Draft, text: string, word: string): void {
  const [model = '', ...properties] = text.split(',');
  const known: Readonly<Record<string, { readonly values: readonly boolean[] }>> = cpuProperties;
  const chosen: Record<string, boolean> = {};
  for (const property of properties) {
    const [key = '', value = ''] = property.split('=');
    const values: readonly string[] | undefined = known[key]?.values.map(one => (one ? 'on' : 'off'));
    if (findCpuModel(model)?.hasProperties !== true || !values?.includes(value)) {
      const list = Object.entries(known).map(
        ([name, one]) => `${name}=${one.values.map(v => (v ? 'on' : 'off')).join('|')}`,
      );
      throw new OptionError(`${word} ${text}: ${property} is not supported. Supported: ${list.join(' ')}, of max`);
    }
    chosen[key] = value === 'on';
  }
  if (chosen['pauth'] === false && chosen['pauth-impdef'] === true)
    throw new OptionError(`${word} ${text}: pauth-impdef=on needs pauth=on`);
  draft.cpu = model;
  draft.cpuProperties = chosen;
}

function processors(draft: Draft, text: string, word: string): void {
  const parts = new Map<string, number>();
  for (const setting of settings(text, 'cpus')) {
    if (!['cpus', 'maxcpus', 'sockets', 'clusters', 'cores', 'threads'].includes(setting.key)) {
      throw unsupported(word, setting, 'cpus, cores');
    }
    parts.set(setting.key, number(`${word} ${setting.key}`, setting.value));
  }
  for (const key of ['sockets', 'clusters', 'threads']) {
    const count = parts.get(key) ?? 1;
    if (count !== 1) throw unsupported(word, { key, value: `${count}` }, 'one socket of one cluster of cores');
  }
  const count = parts.get('cpus') ?? parts.get('cores') ?? 1;
  for (const key of ['cores', 'maxcpus']) {
    const other = parts.get(key) ?? count;
    if (other !== count) throw unsupported(word, { key, value: `${other}` }, `${key}=${count}`);
  }
  draft.processingElements = count;
}

const units: Readonly<Record<string, number>> = {
  b: 1,
  k: 0x400,
  m: mebibyte,
  g: 0x400 * mebibyte,
  t: mebibyte * mebibyte,
};

function memory(draft: Draft, text: string, word: string): void {
  for (const setting of settings(text, 'size')) {
    if (setting.key !== 'size') throw unsupported(word, setting, 'size');
    const match = /^(\d+(?:\.\d+)?)([bkmgt]?)(?:i?b)?$/i.exec(setting.value);
    if (!match) throw new OptionError(`${word} ${setting.value}: say a size such as 512, 512M or 1G`);
    const size = Number(match[1]) * (units[match[2]!.toLowerCase()] ?? mebibyte);
    if (size < mebibyte || size % 4096 !== 0) {
      throw new OptionError(`${word} ${setting.value}: RAM is at least 1M and a multiple of 4K`);
    }
    draft.memorySize = size;
  }
}

function drive(draft: Draft, text: string, word: string): void {
  const list = settings(text);
  const found = new Map(list.map(({ key, value }) => [key, value]));
  if (found.get('if') !== 'pflash') {
    draft.words.addDrive(word, list);
    return;
  }
  for (const [key, value] of found) {
    if (!['if', 'file', 'unit', 'index', 'format', 'readonly', 'id'].includes(key)) {
      throw unsupported(word, { key, value }, 'if, file, unit, format, readonly');
    }
  }
  const format = found.get('format') ?? 'raw';
  if (format !== 'raw') throw unsupported(word, { key: 'format', value: format }, 'raw');
  const file = found.get('file');
  if (file === undefined) throw new OptionError(`${word} ${text}: file=FILE is missing`);
  addFlash(draft, file, found.get('unit') ?? found.get('index'));
}

function globalProperty(draft: Draft, text: string, word: string): void {
  const [setting] = settings(text);
  if (setting?.key !== 'virtio-mmio.force-legacy') {
    throw new OptionError(`${word} ${text} is not supported. Supported: ${words['-global']!.value}`);
  }
  draft.legacyVirtio = onOff(word, setting);
}

function addFlash(draft: Draft, file: string, unit: string | undefined): void {
  const taken = draft.flash.map(f => f.bank);
  const bank = unit === undefined ? [0, 1].find(b => !taken.includes(b as 0 | 1)) : number('unit', unit);
  if (bank !== 0 && bank !== 1) throw new OptionError('the board has two flash banks: unit=0 and unit=1');
  if (taken.includes(bank)) throw new OptionError(`two files are given for flash bank ${bank}`);
  draft.flash.push({ bank, file });
}

function device(draft: Draft, text: string, word: string): void {
  const list = settings(text, 'driver');
  const driver = list[0]?.key === 'driver' ? list[0].value : text;
  if (driver === 'loader') genericLoader(draft, list.slice(1), text, word);
  else if (driver === 'guest-loader') guestLoader(draft, list.slice(1), word);
  else if (supportedDevices.includes(driver)) draft.words.addDevice(list);
  else {
    throw new OptionError(
      `${word} ${driver} is not supported. Supported: ${['loader', 'guest-loader', ...supportedDevices].join(', ')}`,
    );
  }
}

function genericLoader(draft: Draft, rest: readonly Setting[], text: string, word: string): void {
  const known = ['file', 'addr', 'cpu-num', 'force-raw', 'data', 'data-len', 'data-be'];
  const found = new Map<string, string>();
  for (const setting of rest) {
    if (!known.includes(setting.key)) throw unsupported(`${word} loader,`, setting, known.join(', '));
    found.set(setting.key, setting.value);
  }
  const numberOf = (key: string) => (found.has(key) ? number(`${word} loader,${key}`, found.get(key)!) : undefined);
  const address = numberOf('addr');
  if (found.has('data')) {
    draft.loaderValues.push(loaderValue(word, address, found));
    return;
  }
  const file = found.get('file');
  const startsElement = numberOf('cpu-num');
  if (file === undefined && address !== undefined && startsElement !== undefined) {
    draft.starts.push({ element: startsElement, address });
    return;
  }
  if (file === undefined) throw new OptionError(`${word} ${text}: file=FILE or data=VALUE is missing`);
  const raw = found.has('force-raw') && onOff(word, { key: 'force-raw', value: found.get('force-raw')! });
  if (raw && address === undefined) throw new OptionError(`${word} ${text}: force-raw=on needs addr=ADDRESS`);
  draft.loaders.push({ file, address, startsElement, raw });
}

/** A kernel or RAM disk for a guest of the hypervisor that is started. */
function guestLoader(draft: Draft, rest: readonly Setting[], word: string): void {
  const found = new Settings(`${word} guest-loader`, rest, ['addr', 'kernel', 'initrd', 'bootargs', 'id']);
  const kernel = found.get('kernel');
  const initrd = found.get('initrd');
  const bootArguments = found.get('bootargs');
  if ((kernel === undefined) === (initrd === undefined)) {
    throw new OptionError(`${word} guest-loader: say either kernel=FILE or initrd=FILE`);
  }
  if (initrd !== undefined && bootArguments !== undefined) {
    throw new OptionError(`${word} guest-loader: bootargs=TEXT belongs to a kernel=FILE`);
  }
  found.need('addr', 'ADDRESS');
  draft.guestModules.push({
    kind: kernel === undefined ? 'ramdisk' : 'kernel',
    file: (kernel ?? initrd)!,
    address: found.number('addr')!,
    ...(bootArguments !== undefined && { bootArguments }),
  });
}

function loaderValue(word: string, address: number | undefined, found: ReadonlyMap<string, string>): LoaderValue {
  const length = number(`${word} loader,data-len`, found.get('data-len') ?? '');
  if (address === undefined) throw new OptionError(`${word} loader,data=…: addr=ADDRESS is missing`);
  if (length < 1 || length > 8) throw new OptionError(`${word} loader,data-len=${length}: 1 to 8 bytes`);
  const text = found.get('data')!;
  if (!/^(0x[0-9a-f]+|\d+)$/i.test(text)) throw new OptionError(`${word} loader,data=${text} is not a number`);
  const value = BigInt(text);
  if (value >> BigInt(8 * length)) throw new OptionError(`${word} loader,data=${text} does not fit ${length} bytes`);
  const bytes = Uint8Array.from({ length }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
  const bigEndian = found.has('data-be') && onOff(word, { key: 'data-be', value: found.get('data-be')! });
  return { address, bytes: bigEndian ? bytes.reverse() : bytes };
}

function fwCfg(draft: Draft, text: string, word: string): void {
  const found = new Map(settings(text, 'name').map(({ key, value }) => [key, value]));
  const name = found.get('name');
  const file = found.get('file');
  const string = found.get('string');
  if (name === undefined || (file === undefined) === (string === undefined)) {
    throw new OptionError(`${word} ${text}: say ${word} ${words['-fw_cfg']!.value}`);
  }
  draft.fwCfg.push(file === undefined ? { name, text: string! } : { name, file });
}

function semihosting(draft: Draft, text: string, word: string): void {
  let { enabled, userspace } = draft.semihosting;
  const added: string[] = [];
  for (const setting of settings(text, 'enable')) {
    const { key, value } = setting;
    if (key === 'enable') enabled = onOff(word, setting);
    else if (key === 'userspace') userspace = onOff(word, setting);
    else if (key === 'arg') added.push(value);
    else if (key !== 'target' || (value !== 'native' && value !== 'auto')) {
      throw unsupported(word, setting, 'enable=on|off, target=native|auto, userspace=on|off, arg=WORD');
    }
  }
  draft.semihosting = { enabled, userspace, arguments: [...draft.semihosting.arguments, ...added] };
}

/** `-icount shift=N`: an instruction takes 2^N nanoseconds of virtual time. */
function instructionCount(draft: Draft, text: string, word: string): void {
  for (const setting of settings(text, 'shift')) {
    const { key, value } = setting;
    if (key === 'sleep' || key === 'align') {
      if (onOff(word, setting)) throw unsupported(word, setting, `${key}=off: virtual time never waits for the host`);
      continue;
    }
    const shift = key === 'shift' && value !== 'auto' ? number(`${word} shift`, value) : Number.NaN;
    if (!(shift >= 0 && shift <= 10)) throw unsupported(word, setting, 'shift=0 to shift=10');
    draft.counter = { ...draft.counter, instructionsPerTick: instructionsPerTickAtShiftZero / 2 ** shift };
  }
}

function realTime(draft: Draft, text: string, word: string): void {
  for (const setting of settings(text, 'base')) {
    const { key, value } = setting;
    if (key === 'clock' && value === 'vm') continue;
    if (key !== 'base' || value === 'utc' || value === 'localtime') {
      throw unsupported(word, setting, 'base=2025-01-31T12:00:00 (a run shows the same dates each time)');
    }
    draft.realTimeBase = secondsSince1970(word, value);
  }
}

function secondsSince1970(word: string, text: string): number {
  const match = /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2}):(\d{2}))?$/.exec(text);
  const [year, month, day, hours, minutes, seconds] = (match ?? []).slice(1).map(part => Number(part ?? 0));
  const valid =
    match && month! >= 1 && month! <= 12 && day! >= 1 && day! <= daysInMonth(year!, month!) && year! >= 1970;
  if (!valid || hours! > 23 || minutes! > 59 || seconds! > 59) {
    throw new OptionError(`${word} base=${text}: say a date such as 2025-01-31 or 2025-01-31T12:00:00`);
  }
  let days = day! - 1;
  for (let m = 1; m < month!; m++) days += daysInMonth(year!, m);
  for (let y = 1970; y < year!; y++) days += isLeap(y) ? 366 : 365;
  return ((days * 24 + hours!) * 60 + minutes!) * 60 + seconds!;
}

const isLeap = (year: number) => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;

function daysInMonth(year: number, month: number): number {
  if (month === 2) return isLeap(year) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}
