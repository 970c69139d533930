/** Runs a script of accesses on our interrupt controller. */
import type { BusAccess } from '../../../../emulator/bus/types.ts';
import type { InterruptController } from '../../../../emulator/devices/gic/index.ts';
import type { HandlerContext } from '../../../../emulator/processing-element/system-register-handlers.ts';
import type { Frame, Step, World } from './access-script.ts';

/** What a world is to the interrupt controller. The control registers are those that the bare-metal program sets. */
export const worlds: Readonly<
  Record<World, { readonly el: number; readonly secure: boolean; readonly hcr: bigint; readonly scr: bigint }>
> = {
  el2: { el: 2, secure: false, hcr: 0x8000_0018n, scr: 0n },
  guest: { el: 1, secure: false, hcr: 0x8000_0018n, scr: 0n },
  el3: { el: 3, secure: true, hcr: 0n, scr: 0x500n },
  secureEl1: { el: 1, secure: true, hcr: 0n, scr: 0x500n },
  nonSecureEl2: { el: 2, secure: false, hcr: 0x8000_0018n, scr: 0x501n },
};

/** Name of our region for a frame. */
const regions: Readonly<Record<Frame, string>> = {
  GICD: 'distributor',
  GICR: 'redistributors',
  GICC: 'cpuInterface',
  GICH: 'virtualInterfaceControl',
  GICV: 'virtualCpuInterface',
};

export function runOnModel(gic: InterruptController, script: readonly Step[]): bigint[] {
  return script.map(step => stepOnModel(gic, step)).filter(value => value !== undefined);
}

/** Makes one access as processing element 0; answers the value of one that reads. */
export function stepOnModel(gic: InterruptController, step: Step): bigint | undefined {
  const world = worlds[step.at];
  gic.setExecutionState(0, world.el, world.secure);
  const access: BusAccess = { pe: 0, secure: world.secure, privileged: true };
  const context: HandlerContext = {
    index: 0,
    el: world.el,
    secure: world.secure,
    read: name => (name === 'HCR_EL2' ? world.hcr : name === 'SCR_EL3' ? world.scr : 0n),
    write: () => {},
  };
  switch (step.do) {
    case 'read':
      return region(gic, step.frame).read(step.offset, step.size, access);
    case 'write':
      region(gic, step.frame).write(step.offset, step.size, step.value, access);
      return undefined;
    case 'mrs':
      return handler(gic, step.register).read?.(context) ?? missing(step.register);
    case 'msr':
      (handler(gic, step.register).write ?? missing(step.register))(context, step.value);
      return undefined;
    case 'pins': {
      const { irq, fiq, vIrq, vFiq } = gic.pins(0);
      const [i, f] = step.at === 'guest' ? [vIrq, vFiq] : [irq, fiq];
      return (i ? 2n : 0n) | (f ? 1n : 0n);
    }
  }
}

function region(gic: InterruptController, frame: Frame) {
  return gic.regions[regions[frame]] ?? missing(frame);
}

function handler(gic: InterruptController, name: string) {
  return gic.systemRegisterHandlers(0)[name] ?? missing(name);
}

function missing(what: string): never {
  throw new Error(`the interrupt controller has no ${what}`);
}
