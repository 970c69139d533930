import { describe, expect, test } from 'vitest';
import { Pl061 } from '../../../emulator/devices/pl061.ts';
import { TestLine } from './support.ts';

const DIR = 0x400;
const IS = 0x404;
const IBE = 0x408;
const IEV = 0x40c;
const IE = 0x410;
const RIS = 0x414;
const IC = 0x41c;
const ALL = 0x3fc;

function gpio() {
  const line = new TestLine();
  const outputs: string[] = [];
  const device = new Pl061({ name: 'GPIO', line, onOutput: (pin, level) => outputs.push(`${pin}=${level ? 1 : 0}`) });
  return {
    line,
    outputs,
    device,
    read: (offset: number) => Number(device.read(offset, 4)),
    write: (offset: number, value: number) => device.write(offset, 4, BigInt(value)),
  };
}

describe('the GPIO', () => {
  test('drives the pins that are outputs, and only those the address selects', () => {
    const { outputs, read, write } = gpio();
    write(DIR, 0x03);
    write(ALL, 0xff);
    expect(outputs).toEqual(['0=1', '1=1']);
    write(0x01 << 2, 0);
    expect(outputs.at(-1)).toBe('0=0');
    expect(read(ALL)).toBe(0x02);
    expect(read(0x01 << 2)).toBe(0);
  });

  test('reads inputs and raises an interrupt for a rising edge, as the power key does', () => {
    const { line, device, read, write } = gpio();
    write(IEV, 0x08);
    write(IE, 0x08);
    device.setInput(3, true);
    device.setInput(3, false);
    expect([read(RIS), line.level]).toEqual([0x08, true]);
    write(IC, 0x08);
    expect([read(RIS), line.level]).toEqual([0, false]);
  });

  test('tells falling edges, both edges and levels apart', () => {
    const { device, line, read, write } = gpio();
    device.setInput(0, true);
    write(IC, 0xff);
    device.setInput(0, false);
    expect(read(RIS) & 1).toBe(1);
    write(IC, 0xff);
    write(IBE, 0x02);
    device.setInput(1, true);
    expect(read(RIS) & 2).toBe(2);
    write(IS, 0x04);
    write(IEV, 0x04);
    write(IE, 0x04);
    device.setInput(2, true);
    expect(line.level).toBe(true);
    write(IC, 0x04);
    expect(line.level).toBe(true);
    device.setInput(2, false);
    expect(line.level).toBe(false);
  });

  test('comes back from a snapshot', () => {
    const first = gpio();
    first.write(DIR, 1);
    first.write(ALL, 1);
    const second = gpio();
    second.device.restore(structuredClone(first.device.save()));
    expect(second.read(ALL)).toBe(1);
    expect(second.outputs).toEqual([]);
  });
});
