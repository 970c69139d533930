import { describe, expect, test } from 'vitest';
import { Pl011 } from '../../../emulator/devices/pl011.ts';
import { TestLine } from './support.ts';

const DR = 0x00;
const FR = 0x18;
const IBRD = 0x24;
const LCR_H = 0x2c;
const CR = 0x30;
const IMSC = 0x38;
const RIS = 0x3c;
const MIS = 0x40;
const ICR = 0x44;
const RX = 1 << 4;
const TX = 1 << 5;

function uart() {
  const line = new TestLine();
  const output: number[] = [];
  const device = new Pl011({ name: 'UART', line, onTransmit: byte => output.push(byte) });
  return {
    device,
    line,
    output,
    read: (offset: number, size: 1 | 2 | 4 | 8 = 4) => Number(device.read(offset, size)),
    write: (offset: number, value: number, size: 1 | 2 | 4 | 8 = 4) => device.write(offset, size, BigInt(value)),
  };
}

describe('the PL011', () => {
  test('sends what is written to its data register, whatever the width', () => {
    const { output, write } = uart();
    write(DR, 0x48, 1);
    write(DR, 0x69, 2);
    write(DR, 0xffff_ff21, 4);
    expect(String.fromCharCode(...output)).toBe('Hi!');
  });

  test('is empty in both directions after reset', () => {
    const { read } = uart();
    expect(read(FR)).toBe(0x90);
    expect(read(CR)).toBe(0x300);
  });

  test('identifies itself as a PrimeCell', () => {
    const { read } = uart();
    const bytes = Array.from({ length: 8 }, (_, i) => read(0xfe0 + 4 * i));
    expect(bytes).toEqual([0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1]);
  });

  test('raises its line for a received byte once the guest unmasks it, and lowers it when the byte is read', () => {
    const { device, line, read, write } = uart();
    device.receive(0x41);
    expect([read(RIS), read(MIS), line.level]).toEqual([RX, 0, false]);
    write(IMSC, RX);
    expect([read(MIS), line.level]).toEqual([RX, true]);
    expect(read(DR)).toBe(0x41);
    expect([read(RIS), line.level]).toEqual([0, false]);
  });

  test('raises the transmit interrupt after each byte sent until it is cleared', () => {
    const { line, write } = uart();
    write(IMSC, TX);
    expect(line.level).toBe(false);
    write(DR, 0x41);
    expect(line.level).toBe(true);
    write(ICR, TX);
    expect(line.level).toBe(false);
  });

  test('holds one byte without FIFOs, sixteen with them, and loses none of the rest', () => {
    const { device, read, write } = uart();
    for (let i = 0; i < 20; i++) device.receive(i);
    expect(read(FR) & 0x50).toBe(0x40);
    expect(read(DR)).toBe(0);
    expect(read(FR) & 0x50).toBe(0x40);
    write(LCR_H, 0x70);
    const received: number[] = [];
    while ((read(FR) & 0x10) === 0) received.push(read(DR));
    expect(received.at(-1)).toBe(19);
    expect(received).toHaveLength(18);
  });

  test('keeps only the bits a register has, and the bytes a narrow write does not name', () => {
    const { read, write } = uart();
    write(IBRD, 0xffff_ffff);
    expect(read(IBRD)).toBe(0xffff);
    write(IBRD + 1, 0x12, 1);
    expect(read(IBRD)).toBe(0x12ff);
    expect(read(IBRD + 1, 1)).toBe(0x12);
    expect(read(IBRD, 8)).toBe(0x12ff);
  });

  test('hears itself in loopback', () => {
    const { output, read, write } = uart();
    write(CR, 0x380);
    write(DR, 0x55);
    expect(output).toEqual([]);
    expect(read(DR)).toBe(0x55);
  });

  test('shows its registers to a debugger without taking a byte', () => {
    const { device, read } = uart();
    device.receive(0x33);
    expect(device.describe().find(r => r.name === 'UARTDR')?.value).toBe(0x33);
    expect(device.describe().find(r => r.name === 'UARTFR')?.fields).toContainEqual({ name: 'RXFE', value: 0 });
    expect(read(DR)).toBe(0x33);
  });

  test('comes back from a snapshot with its bytes and its line', () => {
    const first = uart();
    first.write(IMSC, RX);
    first.device.receive(1);
    first.device.receive(2);
    const second = uart();
    second.device.restore(structuredClone(first.device.save()));
    expect(second.line.level).toBe(true);
    expect([second.read(DR), second.read(DR)]).toEqual([1, 2]);
    expect(first.read(DR)).toBe(1);
  });
});
