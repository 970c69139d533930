import type { InterruptLine } from '../../../emulator/bus/types.ts';

/** An interrupt line that shows its level and counts its rising edges. */
export class TestLine implements InterruptLine {
  level = false;
  rises = 0;

  set(level: boolean): void {
    if (level && !this.level) this.rises++;
    this.level = level;
  }
}
