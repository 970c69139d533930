import { describe, expect, test } from 'vitest';
import { optionWord, parseOptionWords } from '../../../emulator/machine/option-words.ts';
import { defaultMachineOptions, filesOf, OptionError } from '../../../emulator/machine/options.ts';

const parse = (line: string) => parseOptionWords(line === '' ? [] : line.split(' '));

describe("QEMU's words", () => {
  test('say nothing: the machine is what QEMU assumes', () => {
    expect(parse('')).toEqual(defaultMachineOptions);
  });

  test('give the board EL2, EL3 and a GIC version', () => {
    expect(parse('-M virt,virtualization=on,secure=on,gic-version=3')).toMatchObject({
      virtualization: true,
      secure: true,
      gicVersion: 3,
    });
    expect(parse('-machine virt-7.2,gic-version=max').gicVersion).toBe(3);
  });

  test('may have two dashes, and settings that name what the machine does anyway', () => {
    expect(parse('--machine type=virt,accel=tcg,its=off --nographic').gicVersion).toBe(2);
  });

  test.each([
    ['-m 512', 512],
    ['-m 512M', 512],
    ['-m 1G', 1024],
    ['-m size=2g', 2048],
    ['-m 1.5G', 1536],
    ['-m 262144k', 256],
  ])('%s is %d MiB of RAM', (line, mebibytes) => {
    expect(parse(line).memorySize).toBe(mebibytes * 0x10_0000);
  });

  test.each([
    ['-smp 4', 4],
    ['-smp cpus=2,maxcpus=2', 2],
    ['-smp 4,cores=4,threads=1,sockets=1', 4],
    ['-smp cores=3', 3],
  ])('%s is %d processing elements', (line, count) => {
    expect(parse(line).processingElements).toBe(count);
  });

  test('name the files of a kernel', () => {
    const options = parseOptionWords(['-kernel', 'Image', '-initrd', 'initrd.gz', '-append', 'console=ttyAMA0 quiet']);
    expect(options).toMatchObject({ kernel: 'Image', initrd: 'initrd.gz', append: 'console=ttyAMA0 quiet' });
    expect(filesOf(options)).toEqual(['Image', 'initrd.gz']);
  });

  test('name flash files by bank, or in order', () => {
    expect(parse('-drive if=pflash,format=raw,unit=1,file=vars.fd -drive if=pflash,file=code.fd').flash).toEqual([
      { bank: 1, file: 'vars.fd' },
      { bank: 0, file: 'code.fd' },
    ]);
  });

  test('allow a comma in a file name when it is written twice', () => {
    expect(parse('-drive if=pflash,file=a,,b.fd').flash).toEqual([{ bank: 0, file: 'a,b.fd' }]);
  });

  test('load files and values anywhere', () => {
    const options = parse(
      '-device loader,file=xen,addr=0x49000000 -device loader,file=boot.elf,cpu-num=0 -device loader,addr=0x40001000,data=0x12345678,data-len=4',
    );
    expect(options.loaders).toEqual([
      { file: 'xen', address: 0x4900_0000, startsElement: undefined, raw: false },
      { file: 'boot.elf', address: undefined, startsElement: 0, raw: false },
    ]);
    expect(options.loaderValues).toEqual([{ address: 0x4000_1000, bytes: Uint8Array.of(0x78, 0x56, 0x34, 0x12) }]);
  });

  test('turn semihosting on and give it a command line', () => {
    expect(parse('-semihosting').semihosting.enabled).toBe(true);
    expect(parse('-semihosting-config enable=on,target=native,arg=a,arg=b').semihosting).toEqual({
      enabled: true,
      userspace: false,
      arguments: ['a', 'b'],
    });
  });

  test('plug devices in, in their order, and find what they refer to wherever it stands', () => {
    const options = parse(
      '-device virtio-blk-device,drive=d,serial=abc -device virtio-rng-device,rng=r -object rng-random,id=r,filename=/dev/urandom -drive if=none,id=d,file=disk.img,format=raw,readonly=on',
    );
    expect(options.devices).toEqual([
      { kind: 'block', bus: 'mmio', drive: { file: 'disk.img', readOnly: true, temporary: false }, serial: 'abc' },
      { kind: 'entropy', bus: 'mmio' },
    ]);
    expect(parse('-global virtio-mmio.force-legacy=false').legacyVirtio).toBe(false);
  });

  test('connect one console with the terminal', () => {
    const words = '-device virtio-serial-device -device virtconsole,chardev=c -chardev stdio,id=c';
    const port = { number: 0, isConsole: true, terminal: true };
    expect(parse(words)).toMatchObject({ serial: [false], devices: [{ kind: 'console', ports: [port] }] });
    expect(parse(`-serial none ${words}`).serial).toEqual([false]);
    expect(parse(`-serial chardev:c ${words.replace('id=c', 'id=c,mux=on')}`).serial).toEqual([true]);
    expect(() => parse(`-serial stdio ${words}`)).toThrow('virtconsole 0 and serial port 0 both use the terminal');
  });

  test('set how much virtual time an instruction takes', () => {
    expect(parse('-icount shift=4').counter).toEqual({ frequency: 62_500_000, instructionsPerTick: 1 });
  });

  test.each([
    ['1970-01-01', 0],
    ['2000-03-01', 951_868_800],
    ['2024-02-29T12:34:56', 1_709_210_096],
  ])('set the real-time clock to %s', (date, seconds) => {
    expect(parse(`-rtc base=${date}`).realTimeBase).toBe(seconds);
  });

  test('leave what they do not mention as it was', () => {
    const base = { ...defaultMachineOptions, virtualization: true, kernel: 'a.elf' };
    expect(parseOptionWords(['-m', '64'], base)).toMatchObject({ virtualization: true, kernel: 'a.elf' });
    expect(base.memorySize).toBe(defaultMachineOptions.memorySize);
  });

  test('can be told from other words of a command line', () => {
    expect(optionWord('-M')).toEqual({ hasValue: true });
    expect(optionWord('--nographic')).toEqual({ hasValue: false });
    expect(optionWord('--expect')).toBeUndefined();
    expect(optionWord('constructor')).toBeUndefined();
  });
});

describe('what is not supported is named, with what is', () => {
  test.each([
    ['-M raspi3', '-M raspi3 is not supported. Supported: virt'],
    ['-M virt,gic-version=4', '-M gic-version=4 is not supported. Supported: 2, 3, max'],
    ['-M virt,virtualization=maybe', 'say virtualization=on or virtualization=off'],
    ['-M virt,iommu=smmuv3', '-M iommu=smmuv3 is not supported. Supported: iommu=none'],
    ['-M virt,ras=on', 'Supported: virtualization=on|off, secure=on|off, gic-version=2|3|max, mte=on|off'],
    ['-enable-kvm', '-enable-kvm is not supported. Supported: -M -machine -cpu'],
    ['-accel kvm', '-accel kvm is not supported. Supported: tcg'],
    [
      '-device virtio-gpu-pci',
      '-device virtio-gpu-pci is not supported. Supported: loader, guest-loader, virtio-blk-device',
    ],
    ['-device virtio-blk-device', '-device virtio-blk-device: drive=ID is missing'],
    ['-device virtio-blk-device,drive=d', '-device virtio-blk-device,drive=d: there is no -drive with id=d'],
    ['-drive if=none,id=d,file=disk.img', '-drive id=d: no device uses the drive'],
    ['-drive if=none,file=disk.img', '-drive: id=NAME is missing'],
    ['-drive if=none,id=d,file=a.qcow2,format=qcow2', '-drive format=qcow2 is not supported. Supported: format=raw'],
    ['-drive if=ide,id=d,file=a', '-drive if=ide is not supported. Supported: if=none, if=virtio'],
    ['-device virtio-rng-device,rng=r', 'there is no -object rng-random or rng-builtin with id=r'],
    [
      '-device virtio-rng-device,max-bytes=1',
      '-device virtio-rng-device max-bytes=1 is not supported. Supported: rng, id',
    ],
    ['-device virtconsole,chardev=c', '-device virtconsole needs a -device virtio-serial-device before it'],
    ['-serial stdio -serial stdio', 'serial port 1 and serial port 0 both use the terminal'],
    ['-virtfs local,path=a,mount_tag=t,security_model=mapped', 'say security_model=none'],
    ['-netdev tap,id=n', '-netdev backend=tap is not supported. Supported: backend=user'],
    [
      '-netdev user,id=n,hostfwd=udp::2222-:22',
      '-netdev hostfwd=udp::2222-:22 is not supported. Supported: hostfwd=tcp:…',
    ],
    ['-netdev user,id=n,hostfwd=2222', 'say hostfwd=tcp:127.0.0.1:HOSTPORT-:GUESTPORT'],
    ['-netdev user,id=n,hostfwd=tcp:0.0.0.0:2222-:22', 'only 127.0.0.1 of this computer listens for a guest'],
    ['-netdev user,id=n,hostfwd=tcp::70000-:22', 'ports are 1 to 65535'],
    ['-netdev user,id=n,restrict=on,loopback=on', 'restrict=on keeps the guest from the host'],
    ['-device virtio-net-device,netdev=n', 'there is no -netdev with id=n'],
    ['-device virtio-net-device,mac=1:2', 'say six bytes such as 52:54:00:12:34:56'],
    ['-nic user,model=e1000', '-nic model=e1000 is not supported. Supported: model=virtio-net-pci'],
    ['-serial file:log', '-serial file:log is not supported. Supported: stdio, mon:stdio, none, null, chardev:ID'],
    ['-global virtio-mmio.foo=1', 'Supported: virtio-mmio.force-legacy=on|off'],
    ['-drive if=pflash,file=a.qcow2,format=qcow2', '-drive format=qcow2 is not supported. Supported: raw'],
    ['-cpu max,sve=on', 'sve=on is not supported. Supported: pauth=on|off'],
    ['-cpu cortex-a53,pauth=off', 'pauth=off is not supported'],
    ['-cpu max,pauth=off,pauth-impdef=on', 'pauth-impdef=on needs pauth=on'],
    ['-smp 4,sockets=2', '-smp sockets=2 is not supported'],
    ['-smp 9', '-smp 9: with gic-version=2 there are 1 to 8 processing elements'],
    ['-smp 0', 'there are 1 to 8'],
    ['-smp 124 -M virt,gic-version=3', 'there are 1 to 123'],
    ['-m lots', '-m lots: say a size such as 512, 512M or 1G'],
    ['-m 1k', 'RAM is at least 1M'],
    ['-m', '-m needs a value: -m SIZE'],
    ['-rtc base=utc', 'a run shows the same dates each time'],
    ['-rtc base=2023-02-29', 'say a date such as'],
    ['-initrd x', '-initrd needs -kernel'],
    ['-bios a -pflash b', '-bios and -drive if=pflash,unit=0 both fill the first flash bank'],
    ['-pflash a -pflash b -pflash c', 'the board has two flash banks'],
    ['-device loader,file=a,force-raw=on', 'force-raw=on needs addr=ADDRESS'],
    ['-device loader,addr=0,data=0x100,data-len=1', 'data=0x100 does not fit 1 bytes'],
    ['-icount shift=auto', 'Supported: shift=0 to shift=10'],
    ['-semihosting-config target=gdb', 'target=gdb is not supported'],
    ['kernel.elf', 'kernel.elf is not an option; a kernel is given by -kernel FILE'],
  ])('%s', (line, message) => {
    expect(() => parse(line)).toThrow(OptionError);
    expect(() => parse(line)).toThrow(message);
  });
});
