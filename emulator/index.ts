/** The only door to the machine. What stands here is what debuggers, command lines and tests may build on. */
export { MemorySizeError } from './bus/memory.ts';
export type { StreamEvent, StreamRequest } from './devices/user-network/streams.ts';
export type { DiskImage } from './devices/virtio/disk.ts';
export {
  type AttributeChanges,
  type FolderOperation,
  type FolderResult,
  type FolderService,
  fileError,
  type Path,
} from './devices/virtio/folder-operation.ts';
export type { SharedEntry, SharedFolder } from './devices/virtio/shared-folder.ts';
export type { ExecutionUnit } from './execution/execution-unit.ts';
export { generateInterpreter } from './execution/interpreter/generate.ts';
export { type Interpreter, loadInterpreter } from './execution/interpreter/interpreter.ts';
export type {
  SemihostingError,
  SemihostingFiles,
  SemihostingOpenMode,
  SemihostingOutcome,
} from './firmware/semihosting.ts';
export * from './machine/boot.ts';
export * from './machine/exception-log.ts';
export type { NetworkRequest, NetworkStream } from './machine/host-streams.ts';
export * from './machine/image.ts';
export { Machine, type MachineSetup, type MachineStop } from './machine/machine.ts';
export * from './machine/option-words.ts';
export * from './machine/options.ts';
export { SnapshotError } from './machine/snapshot.ts';
export { snapshotOptions } from './machine/snapshot-options.ts';
export type { PhysicalWatchpoint, WatchpointHit } from './machine/watchpoints.ts';
export { hasBigEndianData } from './processing-element/derived-state.ts';
export * from './processing-element/effective-registers.ts';
export type * from './processing-element/exception-record.ts';
export * from './processing-element/pstate.ts';
export * from './processing-element/register-views.ts';
export * from './processing-element/system-register-access.ts';
export * from './translation/index.ts';
