import { describe, expect, test } from 'vitest';
import { type BootFiles, planBoot, psciConduit } from '../../../emulator/machine/boot.ts';
import {
  childNamed,
  flatten,
  node,
  type PropertyValue,
  parseDeviceTree,
} from '../../../emulator/machine/flattened-device-tree.ts';
import { ImageError } from '../../../emulator/machine/image.ts';
import { parseOptionWords } from '../../../emulator/machine/option-words.ts';

const mebibyte = 0x10_0000;
const ram = 0x4000_0000;

/** An arm64 Image of `size` bytes whose header says it takes `imageSize`. */
function image({ size = 0x1000, imageSize = 0x1000, textOffset = 0, flags = 0xa } = {}): Uint8Array {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(8, BigInt(textOffset), true);
  view.setBigUint64(16, BigInt(imageSize), true);
  view.setBigUint64(24, BigInt(flags), true);
  view.setUint32(56, 0x644d_5241, true);
  return bytes;
}

interface Segment {
  readonly physical: number;
  readonly virtual?: bigint;
  readonly bytes: Uint8Array;
  readonly memorySize?: number;
}

/** A little-endian AArch64 executable. */
function elf(segments: readonly Segment[], entry = BigInt(segments[0]!.physical)): Uint8Array {
  const headers = 64 + 56 * segments.length;
  const bytes = new Uint8Array(headers + segments.reduce((sum, s) => sum + s.bytes.length, 0));
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, 183, true);
  view.setBigUint64(24, entry, true);
  view.setBigUint64(32, 64n, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, segments.length, true);
  let at = headers;
  segments.forEach((segment, index) => {
    const header = 64 + 56 * index;
    view.setUint32(header, 1, true);
    view.setBigUint64(header + 8, BigInt(at), true);
    view.setBigUint64(header + 16, segment.virtual ?? BigInt(segment.physical), true);
    view.setBigUint64(header + 24, BigInt(segment.physical), true);
    view.setBigUint64(header + 32, BigInt(segment.bytes.length), true);
    view.setBigUint64(header + 40, BigInt(segment.memorySize ?? segment.bytes.length), true);
    bytes.set(segment.bytes, at);
    at += segment.bytes.length;
  });
  return bytes;
}

const code = Uint8Array.of(1, 2, 3, 4);
const program = elf([{ physical: 0x4008_0000, bytes: code, memorySize: 16 }]);

function plan(
  line: string | readonly string[],
  contents: Readonly<Record<string, Uint8Array>>,
  inflate?: BootFiles['inflate'],
) {
  const files: BootFiles = {
    read(name) {
      const bytes = contents[name];
      if (!bytes) throw new Error(`no file ${name}`);
      return bytes;
    },
    inflate,
  };
  const options = parseOptionWords(typeof line === 'string' ? line.split(' ') : line);
  const tree = { root: node('', {}), reservations: [] };
  return {
    ...planBoot(options, files, tree, { affinities: [0, 1], gicVersion: options.gicVersion }),
    conduit: psciConduit(options, files),
  };
}

const where = (planned: ReturnType<typeof plan>) =>
  Object.fromEntries(planned.pieces.map(piece => [piece.name, piece.address]));

describe('a Linux image', () => {
  test('goes 2 MiB into RAM, the RAM disk to 128 MiB, the device tree behind it', () => {
    const planned = plan('-m 1G -kernel Image -initrd disk -append quiet', { Image: image(), disk: new Uint8Array(5) });
    expect(where(planned)).toEqual({
      Image: ram + 2 * mebibyte,
      disk: ram + 128 * mebibyte,
      'device tree': ram + 130 * mebibyte,
    });
    expect(planned.starts.get(0)).toEqual({ pc: 0x4020_0000n, x0: 0x4820_0000n });
    expect(planned.kind).toBe('linux');
    const tree = parseDeviceTree(planned.pieces.find(piece => piece.name === 'device tree')!.bytes);
    const chosen = childNamed(tree.root, 'chosen')!.properties;
    expect(new TextDecoder().decode(chosen.get('bootargs') as Uint8Array)).toBe('quiet\0');
    expect(chosen.get('linux,initrd-end')).toEqual(Uint8Array.of(0, 0, 0, 0, 0x48, 0, 0, 5));
  });

  test('leaves the device tree in the middle of little RAM', () => {
    expect(where(plan('-kernel Image', { Image: image() }))['device tree']).toBe(ram + 64 * mebibyte);
  });

  test('goes to the offset that an older header asks for', () => {
    const planned = plan('-kernel Image', { Image: image({ textOffset: 0x8_0000 }) });
    expect(where(planned).Image).toBe(ram + 0x8_0000);
  });

  test('may be any bytes: they go where old kernels went', () => {
    expect(where(plan('-kernel raw.bin', { 'raw.bin': new Uint8Array(100) }))['raw.bin']).toBe(ram + 0x8_0000);
  });

  test('is unpacked when the host can, and refused with advice when it cannot', () => {
    const packed = Uint8Array.of(0x1f, 0x8b, 8, 0);
    expect(where(plan('-kernel Image.gz', { 'Image.gz': packed }, () => image()))['Image.gz']).toBe(0x4020_0000);
    expect(() => plan('-kernel Image.gz', { 'Image.gz': packed })).toThrow('unpack it first (gzip -d)');
  });

  test('is refused when it does not fit, with the remedy', () => {
    const big = { Image: image({ imageSize: 200 * mebibyte }) };
    expect(() => plan('-m 128 -kernel Image', big)).toThrow(
      /^Image at 0x40200000 does not fit: .* beyond RAM; give the machine more memory with -m$/,
    );
  });

  test('is refused when its end is missing, as far as its EFI header tells', () => {
    const bytes = image({ size: 0x1000, imageSize: 0x3000 });
    const view = new DataView(bytes.buffer);
    view.setUint32(0x3c, 0x40, true);
    view.setUint32(0x40, 0x4550, true);
    view.setUint16(0x46, 1, true); // one section of 0x1000 bytes from 0x1000
    view.setUint32(0x40 + 24 + 16, 0x1000, true);
    view.setUint32(0x40 + 24 + 20, 0x1000, true);
    expect(() => plan('-kernel Image', { Image: bytes })).toThrow(
      'Image is cut off: its header speaks of 8192 bytes, and there are 4096',
    );
  });

  test('is refused with its RAM disk when the two do not fit, with the remedy', () => {
    expect(() =>
      plan('-kernel Image -initrd disk -m 16', { Image: image(), disk: new Uint8Array(9 * mebibyte) }),
    ).toThrow(/disk at 0x40800000 does not fit: .* give the machine more memory with -m/);
  });

  test('makes its data big-endian itself where it wants that', () => {
    expect(plan('-kernel Image', { Image: image({ flags: 0xb }) }).starts.get(0)?.bigEndian).toBeFalsy();
  });
});

describe('an ELF program', () => {
  test('is loaded by its program headers and finds the device tree at the start of RAM', () => {
    const planned = plan('-kernel a.elf', { 'a.elf': program });
    expect(planned.kind).toBe('program');
    expect(planned.starts.get(0)).toEqual({ pc: 0x4008_0000n, x0: 0n, bigEndian: false });
    expect(planned.pieces.map(piece => [piece.address, piece.size])).toEqual([
      [0x4008_0000, 16],
      [0x4000_0000, expect.any(Number)],
    ]);
  });

  test('keeps the start of RAM to itself when it is linked there', () => {
    const planned = plan('-kernel a.elf', { 'a.elf': elf([{ physical: ram, bytes: code }]) });
    expect(planned.pieces).toHaveLength(1);
  });

  test('starts at the physical address of a virtual entry point', () => {
    const high = elf([{ physical: 0x4010_0000, virtual: 0xffff_0000_0000_0000n, bytes: code }], 0xffff_0000_0000_0002n);
    expect(plan('-kernel a.elf', { 'a.elf': high }).starts.get(0)?.pc).toBe(0x4010_0002n);
  });

  const changed = (change: (view: DataView, bytes: Uint8Array) => void) => {
    const bytes = program.slice();
    change(new DataView(bytes.buffer), bytes);
    return bytes;
  };
  test.each<[string, Uint8Array, string]>([
    ['its header is cut', program.slice(0, 40), 'the ELF header is cut short: 40 of 64 bytes are there'],
    ['its program headers are cut', program.slice(0, 100), 'the program headers lie beyond the end of the file'],
    ['a segment is cut', program.slice(0, -1), 'segment 0 at 0x40080000 lies beyond the end of the file'],
    ['it is 32-bit', changed((_, b) => (b[4] = 1)), 'a 32-bit ELF file'],
    ['its byte order is none', changed((_, b) => (b[5] = 3)), 'byte order 3 instead of'],
    ['it is for another machine', changed(v => v.setUint16(18, 62, true)), 'built for x86-64, not AArch64'],
    ['it is an object file', changed(v => v.setUint16(16, 1, true)), 'it is an object file: link it first'],
    ['it has no program headers', changed(v => v.setUint16(56, 0, true)), 'no program headers'],
    ['it has nothing to load', changed(v => v.setUint32(64, 2, true)), 'no loadable segment'],
    ['a size lies', changed(v => v.setBigUint64(64 + 32, 1n << 63n, true)), 'more bytes in the file than in memory'],
    ['an offset lies', changed(v => v.setBigUint64(64 + 8, ~0n, true)), 'lies beyond the end of the file'],
    ['an address lies', changed(v => v.setBigUint64(64 + 24, ~0n, true)), 'is no physical address'],
    ['its entry point is elsewhere', changed(v => v.setBigUint64(24, 0n, true)), 'lies in no segment'],
    ['it is linked outside of memory', elf([{ physical: 0x1000_0000, bytes: code }]), 'is outside of memory (flash'],
    [
      'its segments overlap',
      elf([
        { physical: ram, bytes: code, memorySize: 32 },
        { physical: ram + 16, bytes: code },
      ]),
      'overlap; load one of them elsewhere',
    ],
  ])('is refused when %s', (_why, bytes, message) => {
    const attempt = () => plan('-kernel a.elf', { 'a.elf': bytes });
    expect(attempt).toThrow(ImageError);
    expect(attempt).toThrow(message);
  });

  test('never crashes the loader, wherever it is cut and whichever byte lies', () => {
    for (let at = 0; at < program.length; at++) {
      for (const bytes of [program.slice(0, at), changed((_, b) => (b[at] = ~b[at]!))]) {
        try {
          plan('-kernel a.elf', { 'a.elf': bytes });
        } catch (error) {
          expect(error).toBeInstanceOf(ImageError);
        }
      }
    }
  });
});

describe('firmware', () => {
  test('runs from flash at zero and finds the device tree at the start of RAM', () => {
    const planned = plan('-bios fw.bin', { 'fw.bin': code });
    expect(where(planned)).toEqual({ 'fw.bin': 0, 'device tree': ram });
    expect(planned.starts.get(0)).toEqual({ pc: 0n, x0: 0n });
  });

  test('finds a kernel in fw_cfg', () => {
    const planned = plan('-bios fw.bin -kernel k -append a', { 'fw.bin': code, k: Uint8Array.of(9, 9) });
    expect(planned.fwCfgItems.get(0x08)).toEqual(Uint8Array.of(2, 0, 0, 0));
    expect(planned.fwCfgItems.get(0x11)).toEqual(Uint8Array.of(9, 9));
    expect(planned.fwCfgItems.get(0x15)).toEqual(Uint8Array.of(0x61, 0));
  });

  test('is refused when it is larger than the flash', () => {
    const attempt = () => plan('-bios fw.bin', { 'fw.bin': new Uint8Array(64 * mebibyte + 1) });
    expect(attempt).toThrow('fw.bin: 67108865 bytes do not fit flash bank 0 of 64 MiB');
  });
});

describe('files for the guests of a hypervisor', () => {
  const words = [
    ...[
      '-kernel',
      'xen',
      '-m',
      '1G',
      '-device',
      'guest-loader,addr=0x50000000,kernel=Image,bootargs=console=hvc0 a,,b',
    ],
    ...['-device', 'guest-loader,addr=0x54000000,initrd=initrd'],
  ];

  test('lie where they are told to, and the device tree says where', () => {
    const planned = plan(words, { xen: image(), Image: image({ size: 0x2000 }), initrd: code });
    expect(where(planned)).toMatchObject({ Image: 0x5000_0000, initrd: 0x5400_0000 });
    const blob = planned.pieces.find(piece => piece.name === 'device tree')!.bytes;
    const modules = childNamed(parseDeviceTree(blob).root, 'chosen')!.children;
    const show = (value: PropertyValue | undefined) => new TextDecoder().decode(value as Uint8Array);
    expect(modules.map(({ name, properties }) => [name, show(properties.get('compatible'))])).toEqual([
      ['module@0x54000000', 'multiboot,module\0multiboot,ramdisk\0'],
      ['module@0x50000000', 'multiboot,module\0multiboot,kernel\0'],
    ]);
    expect(modules[1]!.properties.get('reg')).toEqual(
      Uint8Array.of(0, 0, 0, 0, 0x50, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x20, 0),
    );
    expect(show(modules[1]!.properties.get('bootargs'))).toBe('console=hvc0 a,b\0');
  });

  test('are refused outside of RAM, and where the kernel is', () => {
    const files = { xen: image(), Image: image(), initrd: code };
    expect(() => plan(words.with(3, '128'), files)).toThrow('Image at 0x50000000 is outside of memory');
    const words2 = words.with(5, 'guest-loader,addr=0x40200000,kernel=Image');
    expect(() => plan(words2, files)).toThrow('overlap; load one of them elsewhere');
  });
});

describe('a device tree of the user', () => {
  const tree = (gic: string, ...processors: number[]) =>
    flatten({
      root: node('', { '#address-cells': [2], '#size-cells': [2] }, [
        node('intc@8000000', { 'interrupt-controller': true, compatible: gic }),
        node('psci', { compatible: 'arm,psci', method: 'hvc' }),
        node('cpus', { '#address-cells': [1], '#size-cells': [0] }, [
          ...processors.map(reg => node(`cpu@${reg.toString(16)}`, { device_type: 'cpu', reg: [reg] })),
        ]),
      ]),
      reservations: [],
    });
  const files = { Image: image(), three: tree('arm,gic-v3', 0), two: tree('arm,cortex-a15-gic', 0, 1, 2) };

  test('is used, with the RAM and the PSCI that the machine has', () => {
    const { pieces } = plan('-kernel Image -dtb three -M virt,gic-version=3,virtualization=on', files);
    const { root } = parseDeviceTree(pieces.find(piece => piece.name === 'device tree')!.bytes);
    expect(root.children.map(child => child.name)).toEqual([
      'psci',
      'intc@8000000',
      'cpus',
      'memory@40000000',
      'chosen',
    ]);
    expect(childNamed(root, 'psci')?.properties.get('method')).toEqual(new TextEncoder().encode('smc\0'));
  });

  test('is refused when it speaks of another interrupt controller or of processors that are not there', () => {
    expect(() => plan('-kernel Image -dtb three -M virt,gic-version=2', files)).toThrow(
      'three does not describe this machine: its interrupt controller intc@8000000 is a GICv3, and the machine has gic-version=2',
    );
    expect(() => plan('-kernel Image -dtb two -smp 2', files)).toThrow(
      'it has a processor cpu@2 with reg 0x2, and the machine has 0x0 0x1; see -smp',
    );
  });
});

describe('the start', () => {
  test.each([
    ['-M virt -kernel k', 'hvc'],
    ['-M virt,virtualization=on -kernel k', 'smc'],
    ['-M virt,virtualization=on -bios k', 'smc'],
    ['-M virt,secure=on -kernel k', 'hvc'],
    ['-M virt,secure=on,virtualization=on -bios k', 'none'],
  ])('with %s has PSCI by %s', (line, conduit) => {
    expect(plan(line, { k: code }).conduit).toBe(conduit);
  });

  test('lets every element run where the guest brings its own EL3 firmware, else only the first', () => {
    expect([...plan('-smp 3 -M virt,secure=on -bios k', { k: code }).starts.keys()]).toEqual([0, 1, 2]);
    expect([...plan('-smp 3 -bios k', { k: code }).starts.keys()]).toEqual([0]);
  });

  test('of a loaded file is at its entry point when a loader says which element runs it', () => {
    const planned = plan('-device loader,file=a.elf,cpu-num=0', { 'a.elf': program });
    expect(planned.starts.get(0)?.pc).toBe(0x4008_0000n);
  });

  test('of an element is where a loader without a file says', () => {
    const planned = plan('-device loader,file=a,addr=0x40001000 -device loader,addr=0x40001000,cpu-num=0', { a: code });
    expect(planned.starts.get(0)?.pc).toBe(0x4000_1000n);
    expect(() => plan('-device loader,addr=0x40001000,cpu-num=1', {})).toThrow('there are processing elements 0 to 0');
  });

  test('is refused when there is nothing to run, or a raw file has no address', () => {
    expect(() => plan('-m 64', {})).toThrow('nothing to run: give a program with -kernel FILE');
    expect(() => plan('-bios k -device loader,file=k', { k: code })).toThrow('say where it goes with addr=ADDRESS');
  });

  test('is refused when two images overlap, with both addresses', () => {
    const attempt = () => plan('-kernel Image -device loader,file=x,addr=0x40200800', { Image: image(), x: code });
    expect(attempt).toThrow('Image (0x40200000..0x40200fff) and x (0x40200800..0x40200803) overlap');
  });
});
