import { describe, expect, test } from 'vitest';
import { assemble, machineWith } from './support.ts';

const buffer = 0x4041_0000;
const data = buffer + 0x200;

/** A guest that drives the legacy transport of a drive, with its queue at 0x40400000. */
const driver = `
        .macro  request type, sector, flags
        mov     w4, #\\type
        mov     x5, #\\sector
        stp     x4, x5, [x3]
        mov     w4, #\\flags
        strh    w4, [x2, #28]
        ldrh    w4, [x2, #0x82]
        add     w4, w4, #1
        strh    w4, [x2, #0x82]
        str     wzr, [x1, #0x50]
        .endm
        .macro  put register
        ldr     x6, =0x09000000
        strb    \\register, [x6]
        .endm
        .macro  call function
        ldr     w0, =\\function
        hvc     #0
        .endm
        .globl  _start
_start: ldr     x1, =0x0a003e00
        ldr     x2, =0x40400000
        ldr     x3, =${buffer}
        mov     w4, #4096
        str     w4, [x1, #0x28]
        str     wzr, [x1, #0x30]
        str     w4, [x1, #0x3c]
        mov     w4, #8
        str     w4, [x1, #0x38]
        lsr     w4, w2, #12
        str     w4, [x1, #0x40]
        mov     w4, #7
        str     w4, [x1, #0x70]
        mov     x4, #16
        movk    x4, #1, lsl #32
        movk    x4, #1, lsl #48
        stp     x3, x4, [x2]            // 16 bytes to read, then descriptor 1
        add     x5, x3, #0x200
        mov     x4, #512
        movk    x4, #2, lsl #48
        stp     x5, x4, [x2, #16]       // 512 bytes, then descriptor 2
        add     x5, x3, #0x100
        mov     x4, #1
        movk    x4, #2, lsl #32
        stp     x5, x4, [x2, #32]       // room for the status
`;

/** Prints the first byte of the drive, writes the next one, and resets the machine. */
const counting = `${driver}
        request 0, 0, 3
        ldrb    w7, [x3, #0x200]
        put     w7
        add     w7, w7, #1
        strb    w7, [x3, #0x200]
        request 1, 0, 1
        call    0x84000009
`;

function withDrive(program: string, ...words: string[]) {
  const disk = new Uint8Array(4096).fill('A'.charCodeAt(0), 0, 512);
  new DataView(disk.buffer).setUint32(512, 0x5280_0640, true); // mov w0, #'2'
  new DataView(disk.buffer).setUint32(516, 0xd65f_03c0, true); // ret
  const files = new Map([
    ['guest', assemble(program).elf],
    ['disk.img', disk],
  ]);
  return machineWith(files, [
    ...['-kernel', 'guest', '-drive', 'if=none,id=d,file=disk.img,format=raw', '-device', 'virtio-blk-device,drive=d'],
    ...words,
  ]);
}

describe('a drive of the machine', () => {
  test('keeps over a reset what the guest has written', () => {
    const { machine, output, runToEnd } = withDrive(counting);
    for (const expected of ['A', 'AB', 'ABC']) {
      expect(runToEnd()).toMatchObject({ kind: 'ended', how: 'reset' });
      expect(output()).toBe(expected);
      machine.reset();
    }
  });

  test('has its old contents again when time goes back', () => {
    const { machine, output, runToEnd } = withDrive(counting);
    const before = machine.stateHash();
    runToEnd();
    const end = machine.position;
    const after = machine.stateHash();
    machine.travelTo(0);
    expect(machine.stateHash()).toBe(before);
    machine.travelTo(end);
    expect(machine.stateHash()).toBe(after);
    expect(output()).toBe('A');
  });

  test('is in a snapshot for another process', () => {
    const one = withDrive(counting);
    one.runToEnd();
    const bytes = one.machine.saveSnapshot();
    const other = withDrive(counting);
    other.machine.restoreSnapshot(bytes);
    expect(other.machine.stateHash()).toBe(one.machine.stateHash());
    other.machine.reset();
    other.runToEnd();
    expect(other.output()).toBe('B');
  });

  test('is seen by a watchpoint when it writes to memory', () => {
    const { machine } = withDrive(counting);
    machine.setWatchpoints([{ id: 7, address: data + 100, length: 4, access: 'write' }]);
    const stop = machine.run(1000);
    expect(stop).toMatchObject({
      kind: 'watchpoint',
      hit: { id: 7, byDevice: true, physicalAddress: data, size: 512 },
    });
    expect([...machine.board.memory.bytes(data + 100, 1)!]).toEqual([65]);
    expect(machine.run(1000)).toMatchObject({ kind: 'ended', how: 'reset' });
  });

  test('may bring code to where other code was executed', () => {
    const { output, runToEnd } = withDrive(`${driver}
        add     x8, x3, #0x200
        ldr     x4, =0xd65f03c052800620         // mov w0, #'1'; ret
        str     x4, [x8]
        blr     x8
        put     w0
        request 0, 1, 3
        blr     x8
        put     w0
        call    0x84000008
`);
    runToEnd();
    expect(output()).toBe('12');
  });
});
