/** The interrupt controllers that a board can have. */
export type {
  CpuInterfaceDescription,
  InterruptControllerDescription,
  InterruptDescription,
  ListRegisterDescription,
  VirtualInterfaceDescription,
} from './description.ts';
export { GicV2, type GicV2Options } from './gic-v2.ts';
export { GicV3, type GicV3Options } from './gic-v3.ts';
export type { InterruptController } from './interrupt-controller.ts';
export { maintenanceInterrupt } from './interrupt-id.ts';
export { translaterOffset } from './its.ts';
export { MessageFrame, setSpiOffset } from './v2m.ts';
