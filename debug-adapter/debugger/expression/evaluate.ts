/** Evaluates expressions over a host. */
import { builtinTypes, type Member, pointerTo, type ValueType } from '../../debug-information/types.ts';
import type { SpaceAddress } from '../target.ts';
import type { ExpressionHost } from './host.ts';
import { ExpressionProblem } from './lexer.ts';
import { type Expression, parseExpression, spaceText, type TypeName } from './parser.ts';
import {
  bitsOf,
  booleanValue,
  bytesOf,
  floatOf,
  floatValue,
  hex,
  integerValue,
  isScalar,
  isSigned,
  isTrue,
  numberOf,
  type Place,
  s64Type,
  u64Type,
  unsignedType,
  type Value,
} from './value.ts';

/** Parses text in the words of a host. */
export function parse(text: string, host: Pick<ExpressionHost, 'type'>): Expression {
  return parseExpression(text, name => builtinTypes.has(name) || host.type(name) !== undefined);
}

/** Throws `ExpressionProblem` when the expression has no value here. */
export function evaluate(expression: Expression, host: ExpressionHost): Value {
  return new Evaluator(host).value(expression);
}

/** The value of what stands at a place of a type. */
export function load(place: Place, type: ValueType, host: ExpressionHost): Value {
  if (place.kind === 'register') {
    const register = host.register(place.name);
    if (!register) throw new ExpressionProblem(`there is no register ${place.name}`);
    const width = BigInt(place.high - place.low + 1);
    return { type, bits: (register.bits >> BigInt(place.low)) & ((1n << width) - 1n), place };
  }
  const { space } = place.at;
  const pointerSpace = type.kind === 'pointer' && space.kind === 'va' && space.el !== undefined ? { space } : {};
  if (!isScalar(type)) return { type, bits: 0n, place };
  const bytes = host.read(place.at, type.size);
  if (!bytes) throw new ExpressionProblem(`memory at ${spaceText(space)}${hex(place.at.address)} cannot be read`);
  return { type, bits: bitsOf(bytes, host.isBigEndian(space)), place, ...pointerSpace };
}

/** Writes a scalar to where a value came from; gives the value as it is afterwards. */
export function store(target: Value, bits: bigint, host: ExpressionHost): Value {
  const { place, type } = target;
  if (!place) throw new ExpressionProblem('this value is computed and cannot be changed');
  if (!isScalar(type)) throw new ExpressionProblem(`a ${type.name} is changed member by member`);
  if (place.kind === 'memory') {
    const bigEndian = host.isBigEndian(place.at.space);
    host.writeMemory(place.at, bytesOf(BigInt.asUintN(type.size * 8, bits), type.size, bigEndian));
    return load(place, type, host);
  }
  const register = host.register(place.name);
  if (!register) throw new ExpressionProblem(`there is no register ${place.name}`);
  const mask = ((1n << BigInt(place.high - place.low + 1)) - 1n) << BigInt(place.low);
  host.writeRegister(place.name, (register.bits & ~mask) | ((bits << BigInt(place.low)) & mask));
  return load(place, type, host);
}

/** A member of a structure; one of an unnamed inner structure is found as well. */
export function memberValue(of: Value, name: string, host: ExpressionHost): Value | undefined {
  if (of.type.kind !== 'structure') return undefined;
  const found = findMember(of.type.members(), name, 0);
  return found && loadMember(of, found, host);
}

function findMember(members: readonly Member[], name: string, offset: number): Member | undefined {
  for (const member of members) {
    if (member.name === name) return { ...member, offset: offset + member.offset };
    if (member.name === '' && member.type.kind === 'structure') {
      const inner = findMember(member.type.members(), name, offset + member.offset);
      if (inner) return inner;
    }
  }
  return undefined;
}

export function loadMember(of: Value, member: Member, host: ExpressionHost): Value {
  if (of.place?.kind !== 'memory') throw new ExpressionProblem(`${member.name} is not in memory`);
  const { space, address } = of.place.at;
  const at = { space, address: address + BigInt(member.offset) };
  const whole = load({ kind: 'memory', at }, member.type, host);
  if (!member.bits) return whole;
  const bits = (whole.bits >> BigInt(member.bits.low)) & ((1n << BigInt(member.bits.width)) - 1n);
  const { type } = whole;
  const negative = isSigned(type) && bits >> BigInt(member.bits.width - 1) === 1n;
  const extended = negative ? BigInt.asUintN(type.size * 8, bits - (1n << BigInt(member.bits.width))) : bits;
  return { type, bits: extended };
}

export function elementValue(of: Value, index: bigint, host: ExpressionHost): Value {
  const { type } = of;
  if (type.kind === 'array' && of.place?.kind === 'memory') {
    const { space, address } = of.place.at;
    const at = { space, address: BigInt.asUintN(64, address + index * BigInt(type.element.size)) };
    return load({ kind: 'memory', at }, type.element, host);
  }
  if (type.kind === 'pointer') {
    const target = type.target();
    if (!target) throw new ExpressionProblem('a void pointer has no elements; cast it first');
    const address = BigInt.asUintN(64, of.bits + index * BigInt(target.size));
    return load({ kind: 'memory', at: { space: of.space ?? { kind: 'va' }, address } }, target, host);
  }
  throw new ExpressionProblem(`a ${type.name} has no elements`);
}

class Evaluator {
  readonly #host: ExpressionHost;
  constructor(host: ExpressionHost) {
    this.#host = host;
  }

  value(expression: Expression): Value {
    try {
      return this.#value(expression);
    } catch (problem) {
      if (problem instanceof ExpressionProblem && problem.end === 0) {
        problem.start = expression.start;
        problem.end = expression.end;
      }
      throw problem;
    }
  }

  #value(expression: Expression): Value {
    switch (expression.kind) {
      case 'number':
        return integerValue(expression.value);
      case 'float':
        return floatValue(expression.value);
      case 'name':
        return this.#name(expression.name, expression.register);
      case 'unary':
        return this.#unary(expression.operator, expression.operand);
      case 'binary':
        return this.#binary(expression.operator, expression.left, expression.right);
      case 'in':
        return this.#in(expression);
      case 'space': {
        const operand = this.value(expression.operand);
        return {
          type: operand.type.kind === 'pointer' ? operand.type : u64Type,
          bits: operand.bits,
          space: expression.space,
        };
      }
      case 'member':
        return this.#member(expression.of, expression.name, expression.arrow);
      case 'index':
        return elementValue(this.value(expression.of), numberOf(this.value(expression.index)), this.#host);
      case 'memory':
        return this.#memory(this.value(expression.address), u64Type);
      case 'cast':
        return this.#cast(expression.type, this.value(expression.operand));
      case 'assign':
        return store(
          this.value(expression.target),
          this.#converted(expression.target, this.value(expression.value)),
          this.#host,
        );
    }
  }

  /** The bits of a value in the representation of where it goes: an integer given for a float becomes one. */
  #converted(target: Expression, value: Value): bigint {
    const { type } = this.value(target);
    if (type.kind !== 'float') return value.bits;
    const number = value.type.kind === 'float' ? floatOf(value) : Number(numberOf(value));
    if (type.size === 8) return floatValue(number).bits;
    const view = new DataView(new ArrayBuffer(4));
    view.setFloat32(0, number, true);
    return BigInt(view.getUint32(0, true));
  }

  #name(name: string, register: boolean): Value {
    const host = this.#host;
    const lower = name.toLowerCase();
    if (!register) {
      const local = host.variable(name) ?? host.fact(lower);
      if (local) return local;
    }
    const found = host.register(lower);
    if (found) return found;
    if (!register) {
      if (name === 'true' || name === 'false') return booleanValue(name === 'true');
      const symbol = host.symbol(name);
      if (symbol)
        return { type: pointerTo(unsignedType(symbol.isFunction ? 4 : 8)), bits: symbol.address, meaning: name };
    }
    throw new ExpressionProblem(
      register ? `there is no register ${name}` : `there is no register, variable or symbol ${name}`,
    );
  }

  #memory(address: Value, type: ValueType): Value {
    const at: SpaceAddress = { space: address.space ?? { kind: 'va' }, address: address.bits };
    return load({ kind: 'memory', at }, type, this.#host);
  }

  #unary(operator: '-' | '~' | '!' | '+' | '*' | '&', operandExpression: Expression): Value {
    const operand = this.value(operandExpression);
    switch (operator) {
      case '*': {
        const type = operand.type.kind === 'pointer' ? operand.type.target() : u64Type;
        if (!type) throw new ExpressionProblem('a void pointer points to nothing that can be read; cast it first');
        if (operand.type.kind === 'array') return elementValue(operand, 0n, this.#host);
        return this.#memory(operand, type);
      }
      case '&': {
        if (operand.place?.kind === 'memory') {
          const { at } = operand.place;
          return { type: pointerTo(operand.type), bits: at.address, space: at.space };
        }
        if (operand.meaning !== undefined && operand.type.kind === 'pointer') return operand;
        throw new ExpressionProblem('this has no address');
      }
      case '!':
        return booleanValue(!isTrue(operand));
      case '+':
        return operand;
      case '-':
        if (operand.type.kind === 'float') return floatValue(-floatOf(operand));
        return { type: s64Type, bits: BigInt.asUintN(64, -numberOf(operand)) };
      case '~':
        return { type: operand.type, bits: BigInt.asUintN(operand.type.size * 8, ~operand.bits) };
    }
  }

  #binary(operator: string, leftExpression: Expression, rightExpression: Expression): Value {
    const left = this.value(leftExpression);
    // The right side may be meaningless when the left side decides: `ec==dabort && ipa > 0`.
    if (operator === '&&') return booleanValue(isTrue(left) && isTrue(this.value(rightExpression)));
    if (operator === '||') return booleanValue(isTrue(left) || isTrue(this.value(rightExpression)));
    const right = this.value(rightExpression);
    if (left.set || right.set) {
      const [set, other] = left.set ? [left.set, right] : [right.set!, left];
      const holds = other.set ? [...other.set].some(one => set.has(one)) : set.has(other.bits);
      if (operator === '==') return booleanValue(holds);
      if (operator === '!=') return booleanValue(!holds);
      throw new ExpressionProblem(`'${operator}' does not compare with a named set; use == or !=`);
    }
    if (left.type.kind === 'float' || right.type.kind === 'float') return this.#float(operator, left, right);
    if (!isScalar(left.type) || !isScalar(right.type)) {
      throw new ExpressionProblem(
        `'${operator}' needs numbers, not a ${isScalar(left.type) ? right.type.name : left.type.name}`,
      );
    }
    const signed = isSigned(left.type) || isSigned(right.type);
    const negativeMatters = signed && (numberOf(left) < 0n || numberOf(right) < 0n);
    const [a, b] = negativeMatters ? [numberOf(left), numberOf(right)] : [left.bits, right.bits];
    switch (operator) {
      case '==':
        return booleanValue(a === b);
      case '!=':
        return booleanValue(a !== b);
      case '<':
        return booleanValue(a < b);
      case '<=':
        return booleanValue(a <= b);
      case '>':
        return booleanValue(a > b);
      case '>=':
        return booleanValue(a >= b);
    }
    const result = (value: bigint): Value => {
      const bits = BigInt.asUintN(64, value);
      // An address plus or minus a number is an address in the same space.
      const space = left.space ?? right.space;
      return { type: negativeMatters || (signed && value < 0n) ? s64Type : u64Type, bits, ...(space && { space }) };
    };
    if ((operator === '+' || operator === '-') && left.type.kind === 'pointer' && right.type.kind !== 'pointer') {
      const step = BigInt(left.type.target()?.size || 1);
      const bits = BigInt.asUintN(
        64,
        operator === '+' ? left.bits + numberOf(right) * step : left.bits - numberOf(right) * step,
      );
      // A bare symbol counts in bytes, as assembly does; a C pointer in elements.
      if (left.meaning === undefined) return { type: left.type, bits, ...(left.space && { space: left.space }) };
    }
    switch (operator) {
      case '+':
        return result(a + b);
      case '-':
        return result(a - b);
      case '*':
        return result(a * b);
      case '/':
      case '%':
        if (b === 0n) throw new ExpressionProblem('division by zero');
        return result(operator === '/' ? a / b : a % b);
      case '&':
        return result(a & b);
      case '|':
        return result(a | b);
      case '^':
        return result(a ^ b);
      case '<<':
        return result(b > 63n || b < 0n ? 0n : a << b);
      case '>>':
        return result(b > 63n || b < 0n ? 0n : a >> b);
      default:
        throw new ExpressionProblem(`'${operator}' has no meaning here`);
    }
  }

  #float(operator: string, left: Value, right: Value): Value {
    const number = (value: Value) => (value.type.kind === 'float' ? floatOf(value) : Number(numberOf(value)));
    const [a, b] = [number(left), number(right)];
    switch (operator) {
      case '==':
        return booleanValue(a === b);
      case '!=':
        return booleanValue(a !== b);
      case '<':
        return booleanValue(a < b);
      case '<=':
        return booleanValue(a <= b);
      case '>':
        return booleanValue(a > b);
      case '>=':
        return booleanValue(a >= b);
      case '+':
        return floatValue(a + b);
      case '-':
        return floatValue(a - b);
      case '*':
        return floatValue(a * b);
      case '/':
        return floatValue(a / b);
      default:
        throw new ExpressionProblem(`'${operator}' needs integers`);
    }
  }

  #in(expression: Extract<Expression, { kind: 'in' }>): Value {
    const value = this.value(expression.value);
    for (const { low, high } of expression.choices) {
      const lowValue = this.value(low);
      if (high) {
        const [a, b] = [numberOf(lowValue), numberOf(this.value(high))];
        const number = numberOf(value);
        if (number >= a && number <= b) return booleanValue(true);
      } else if (lowValue.set ? lowValue.set.has(value.bits) : lowValue.bits === value.bits) return booleanValue(true);
    }
    return booleanValue(false);
  }

  #member(ofExpression: Expression, name: string, arrow: boolean): Value {
    if (!arrow && ofExpression.kind === 'memory') {
      const type = builtinTypes.get(name.toLowerCase());
      if (type) return this.#memory(this.value(ofExpression.address), type);
    }
    if (!arrow && ofExpression.kind === 'name') {
      const source = ofExpression.name.toLowerCase();
      const field = this.#host.field(source, name);
      if (field) return this.#field(this.value(ofExpression), source, field);
    }
    let of = this.value(ofExpression);
    if (of.type.kind === 'pointer') of = this.#unary('*', ofExpression);
    const member = memberValue(of, name, this.#host);
    if (member) return member;
    const type = builtinTypes.get(name.toLowerCase());
    if (type && of.place?.kind === 'memory') return load(of.place, type, this.#host);
    const what = ofExpression.kind === 'name' ? ofExpression.name : `a ${of.type.name}`;
    throw new ExpressionProblem(`${what} has no field ${name}`);
  }

  #field(
    of: Value,
    source: string,
    { high, low, meaning }: { high: number; low: number; meaning?: (value: bigint) => string | undefined },
  ): Value {
    const width = high - low + 1;
    const bits = (of.bits >> BigInt(low)) & ((1n << BigInt(width)) - 1n);
    const words = meaning?.(bits);
    return {
      type: {
        kind: 'integer',
        name: width === 1 ? 'bit' : `bits ${high}:${low}`,
        size: Math.max(1, Math.ceil(width / 8)),
        signed: false,
      },
      bits,
      ...(of.place?.kind === 'register' && { place: { kind: 'register' as const, name: source, high, low } }),
      ...(words !== undefined && { meaning: words }),
    };
  }

  #cast(typeName: TypeName, operand: Value): Value {
    let type = builtinTypes.get(typeName.name) ?? this.#host.type(typeName.name);
    if (!type && typeName.name === 'void' && typeName.pointers > 0) {
      type = { kind: 'unknown', name: 'void', size: 0 };
    }
    if (!type) throw new ExpressionProblem(`there is no type ${typeName.name}`);
    for (let level = 0; level < typeName.pointers; level++) type = pointerTo(type);
    if (!isScalar(type)) {
      if (operand.place?.kind === 'memory') return load(operand.place, type, this.#host);
      throw new ExpressionProblem(`a number does not become a ${type.name}; cast to a pointer`);
    }
    if (type.kind === 'float' && operand.type.kind !== 'float') return { ...floatValue(Number(numberOf(operand))) };
    const number =
      operand.type.kind === 'float' && type.kind !== 'float' ? BigInt(Math.trunc(floatOf(operand))) : numberOf(operand);
    return { type, bits: BigInt.asUintN(type.size * 8, number), ...(operand.space && { space: operand.space }) };
  }
}
