import { describe, expect, test } from 'vitest';
import { MachineMemory } from '../../../emulator/bus/memory.ts';
import { PageCopies } from '../../../emulator/machine/page-copies.ts';

const PAGE = 4096;

describe('copies of pages', () => {
  const memory = new MachineMemory({ reserved: PAGE, blocks: [{ name: 'RAM', base: 0, size: 1024 * PAGE }] });
  const page = (index: number) => memory.u8.subarray(index * PAGE, (index + 1) * PAGE);

  test('bring back what pages held, those of zeros included', () => {
    const copies = new PageCopies(memory);
    const pages = Array.from({ length: 600 }, (_, i) => i + 1);
    for (const index of pages) {
      page(index).fill(0);
      // Every third has one byte that is not zero, near its end.
      if (index % 3 === 0) page(index)[PAGE - 1 - (index % 7)] = index;
    }
    const before = pages.map(index => page(index).slice());
    const kept = pages.map(index => copies.keep(index));
    for (const index of pages) page(index).fill(0xa5);
    pages.forEach((index, i) => {
      copies.restore(kept[i] as number, index);
    });
    const wrong = pages.filter((index, i) => page(index).some((byte, at) => byte !== before[i]?.[at]));
    expect(wrong).toEqual([]);
  });

  test('give their room to others only after they were dropped', () => {
    const copies = new PageCopies(memory);
    page(1).fill(1);
    page(2).fill(2);
    const first = copies.keep(1);
    const second = copies.keep(2);
    expect(second).not.toBe(first);
    copies.drop(first);
    page(3).fill(3);
    copies.keep(3);
    page(2).fill(0);
    copies.restore(second, 2);
    expect(page(2).every(byte => byte === 2)).toBe(true);
  });
});
