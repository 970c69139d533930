/** Parameters and local variables of a frame. */
import type { FrameHost } from '../debugger/frame-host.ts';
import type { VariableNode } from '../variables.ts';
import { attempt } from './values.ts';

export function localsOf(host: FrameHost): readonly VariableNode[] {
  return host.variables.map(variable =>
    attempt(variable.name, { name: variable.typeName }, () => variable.value(host), host, variable.name),
  );
}
