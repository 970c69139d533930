/** The part of JSON Schema that the launch configuration in package.json uses. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly patternErrorMessage?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly required?: readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function hasType(value: unknown, types: readonly string[]): boolean {
  const type = typeOf(value);
  return types.includes(type) || (type === 'integer' && types.includes('number'));
}

/** What is wrong with a value, each as a sentence that names the place by its path; empty when nothing is. */
export function schemaProblems(value: unknown, schema: Schema, path = ''): string[] {
  const types = typeof schema.type === 'string' ? [schema.type] : schema.type;
  if (types && !hasType(value, types)) {
    return [`"${path}" must be of type ${types.join(' or ')}, not ${typeOf(value)}.`];
  }
  if (schema.enum && !schema.enum.includes(value)) {
    return [`"${path}" must be one of ${schema.enum.map(choice => JSON.stringify(choice)).join(', ')}.`];
  }
  if (typeof value === 'string' && schema.pattern && !new RegExp(schema.pattern).test(value)) {
    return [
      `"${path}" is ${JSON.stringify(value)}. ${schema.patternErrorMessage ?? `It must match ${schema.pattern}.`}`,
    ];
  }
  if (typeof value === 'number') {
    const { minimum, maximum } = schema;
    if (minimum !== undefined && value < minimum) return [`"${path}" must be at least ${minimum}.`];
    if (maximum !== undefined && value > maximum) return [`"${path}" must be at most ${maximum}.`];
  }
  if (Array.isArray(value)) {
    const { items } = schema;
    return items ? value.flatMap((item, index) => schemaProblems(item, items, `${path}[${index}]`)) : [];
  }
  if (typeof value === 'object' && value !== null)
    return objectProblems(value as Record<string, unknown>, schema, path);
  return [];
}

function objectProblems(value: Readonly<Record<string, unknown>>, schema: Schema, path: string): string[] {
  const at = (name: string): string => (path === '' ? name : `${path}.${name}`);
  const problems: string[] = [];
  for (const name of schema.required ?? []) {
    if (value[name] === undefined) problems.push(`"${at(name)}" is missing.`);
  }
  if (schema.anyOf && !schema.anyOf.some(choice => schemaProblems(value, choice, path).length === 0)) {
    const choices = schema.anyOf.flatMap(choice => choice.required ?? []).map(name => `"${at(name)}"`);
    problems.push(`One of ${choices.join(', ')} is needed.`);
  }
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue;
    const memberSchema = schema.properties?.[name] ?? schema.additionalProperties;
    if (memberSchema) problems.push(...schemaProblems(member, memberSchema, at(name)));
  }
  return problems;
}
