/** Trees of variables as the client sees them, with references that stay the same from stop to stop. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { StaleReference } from './debugger/target.ts';

/** One line of the Variables view. */
export interface VariableNode {
  readonly name: string;
  readonly value: string;
  readonly type?: string;
  /** The expression that gives this value again. */
  readonly evaluateName?: string;
  /** The address that a memory view opens at. */
  readonly memoryReference?: string;
  readonly hint?: DebugProtocol.VariablePresentationHint;
  readonly children?: () => readonly VariableNode[];
  /** Number of children, when they are elements worth paging. */
  readonly indexed?: number;
  /** Gives a value in text form; throws `UserProblem` when it cannot be set. */
  readonly set?: (text: string) => void;
  /** The memory a data breakpoint on this variable watches. */
  readonly dataId?: string;
}

interface Container {
  readonly path: string;
  readonly children: () => readonly VariableNode[];
  nodes?: readonly VariableNode[];
}

/** Numbers variable containers by their path, so that a client's expanded tree stays expanded. */
export class VariableHandles {
  readonly #numbers = new Map<string, number>();
  readonly #containers = new Map<number, Container>();

  /** The machine has moved: contents are forgotten, numbers stay. */
  invalidate(): void {
    this.#containers.clear();
  }
  /** Values have been changed by hand: contents are read again. */
  refresh(): void {
    for (const container of this.#containers.values()) delete container.nodes;
  }

  reference(path: string, children: () => readonly VariableNode[]): number {
    let number = this.#numbers.get(path);
    if (number === undefined) {
      number = this.#numbers.size + 1;
      this.#numbers.set(path, number);
    }
    this.#containers.set(number, { path, children });
    return number;
  }

  nodes(reference: number): readonly VariableNode[] {
    const container = this.#container(reference);
    container.nodes ??= container.children();
    return container.nodes;
  }
  #container(reference: number): Container {
    const container = this.#containers.get(reference);
    if (!container) throw new StaleReference('These variables belong to an earlier stop');
    return container;
  }

  node(reference: number, name: string): VariableNode | undefined {
    return this.nodes(reference).find(node => node.name === name);
  }

  /** Nodes in the protocol's form. */
  variables(reference: number, start = 0, count?: number): DebugProtocol.Variable[] {
    const { path } = this.#container(reference);
    const nodes = this.nodes(reference);
    return nodes
      .slice(start, count ? start + count : undefined)
      .map(node => this.toVariable(node, `${path}/${node.name}`));
  }

  toVariable(node: VariableNode, path: string): DebugProtocol.Variable {
    const hint: DebugProtocol.VariablePresentationHint | undefined =
      node.set || node.hint?.attributes?.includes('readOnly')
        ? node.hint
        : { ...node.hint, attributes: [...(node.hint?.attributes ?? []), 'readOnly'] };
    return {
      name: node.name,
      value: node.value,
      variablesReference: node.children ? this.reference(path, node.children) : 0,
      ...(node.type !== undefined && { type: node.type }),
      ...(node.evaluateName !== undefined && { evaluateName: node.evaluateName }),
      ...(node.memoryReference !== undefined && { memoryReference: node.memoryReference }),
      ...(node.indexed !== undefined && { indexedVariables: node.indexed }),
      ...(hint && { presentationHint: hint }),
    };
  }
}
