/**
 * Object graphs as short strings, and back: equal graphs give equal strings, so that a string is the identity of a
 * component of a state, what is kept of it, and what fresh copies are made from.
 *
 * Plain objects, arrays, maps and sets are written by value (a map in the order of its entries). Instances of classes keep
 * their prototype and are written once, then by reference: they may point at each other. Errors keep their message only,
 * functions their identity within this codec.
 */

const UNDEFINED = 0;
const NULL = 1;
const TRUE = 2;
const FALSE = 3;
const DOUBLE = 4;
const STRING = 5;
const ARRAY = 6;
const MAP = 7;
const SET = 8;
const BACK = 9;
const OBJECT = 10;
const FUNCTION = 11;
const ERROR = 12;
/** Codes from here on are small integers, -1 first. */
const INTEGER = 16;
const LARGEST = 1 << 20;
/** Bytes of one component: those of a model take a few hundred. */
const LONGEST = 1 << 14;

type Fields = Record<string, unknown>;

/** The fields of objects that are alike, in the order in which they were added. */
interface Shape {
  readonly id: number;
  readonly prototype: object;
  readonly names: readonly string[];
  readonly plain: boolean;
}

export class Codec {
  private readonly shapes: Shape[] = [];
  private readonly alike = new Map<object, Shape[]>();
  private readonly texts: string[] = [];
  private readonly textIndex = new Map<string, number>();
  private readonly functions: unknown[] = [];
  private readonly errors: Error[] = [];
  private readonly bytes = Buffer.alloc(LONGEST);
  private at = 0;
  /** Instances of classes met so far in this graph. */
  private met: unknown[] = [];
  private source = '';
  private readonly double = new Float64Array(1);
  private readonly doubleBytes = new Uint8Array(this.double.buffer);

  encode(value: unknown): string {
    this.at = 0;
    this.met = [];
    this.write(value);
    return this.bytes.toString('latin1', 0, this.at);
  }

  /** A graph of its own: changing it changes nothing else. */
  decode(text: string): unknown {
    this.source = text;
    this.at = 0;
    this.met = [];
    return this.read();
  }

  private write(value: unknown): void {
    switch (typeof value) {
      case 'number':
        this.writeNumber(value);
        return;
      case 'string':
        this.code(STRING);
        this.code(this.textOf(value));
        return;
      case 'boolean':
        this.code(value ? TRUE : FALSE);
        return;
      case 'undefined':
        this.code(UNDEFINED);
        return;
      case 'object':
        if (value === null) this.code(NULL);
        else this.writeObject(value);
        return;
      case 'function':
        this.code(FUNCTION);
        this.code(indexIn(this.functions, value));
        return;
      default:
        throw new TypeError(`a ${typeof value} cannot be part of a state`);
    }
  }

  private writeNumber(value: number): void {
    if (Number.isInteger(value) && value >= -1 && value < LARGEST) {
      this.code(INTEGER + 1 + value);
      return;
    }
    this.code(DOUBLE);
    this.double[0] = value;
    for (const byte of this.doubleBytes) this.byte(byte);
  }

  private writeObject(value: object): void {
    if (Array.isArray(value)) {
      this.code(ARRAY);
      this.code(value.length);
      for (const item of value) this.write(item);
    } else if (value instanceof Map) {
      this.code(MAP);
      this.code(value.size);
      for (const [key, item] of value) {
        this.write(key);
        this.write(item);
      }
    } else if (value instanceof Set) {
      this.code(SET);
      this.code(value.size);
      for (const item of value) this.write(item);
    } else if (value instanceof Error) {
      this.code(ERROR);
      this.code(this.errorOf(value));
    } else {
      this.writeFields(value as Fields);
    }
  }

  private writeFields(value: Fields): void {
    const shape = this.shapeOf(value);
    if (!shape.plain) {
      const before = this.met.indexOf(value);
      if (before >= 0) {
        this.code(BACK);
        this.code(before);
        return;
      }
      this.met.push(value);
    }
    this.code(OBJECT);
    this.code(shape.id);
    for (const name of shape.names) this.write(value[name]);
  }

  private read(): unknown {
    const code = this.next();
    if (code >= INTEGER) return code - INTEGER - 1;
    switch (code) {
      case UNDEFINED:
        return undefined;
      case NULL:
        return null;
      case TRUE:
        return true;
      case FALSE:
        return false;
      case DOUBLE:
        for (let i = 0; i < 8; i++) this.doubleBytes[i] = this.source.charCodeAt(this.at++);
        return this.double[0];
      case STRING:
        return this.texts[this.next()];
      case FUNCTION:
        return this.functions[this.next()];
      case ERROR:
        return this.errors[this.next()];
      case BACK:
        return this.met[this.next()];
      default:
        return this.readObject(code);
    }
  }

  private readObject(code: number): unknown {
    if (code === OBJECT) return this.readFields();
    const size = this.next();
    if (code === ARRAY) {
      const array: unknown[] = [];
      for (let i = 0; i < size; i++) array.push(this.read());
      return array;
    }
    if (code === MAP) {
      const map = new Map<unknown, unknown>();
      for (let i = 0; i < size; i++) map.set(this.read(), this.read());
      return map;
    }
    const set = new Set<unknown>();
    for (let i = 0; i < size; i++) set.add(this.read());
    return set;
  }

  private readFields(): object {
    const shape = this.shapes[this.next()] as Shape;
    const value: Fields = shape.plain ? {} : (Object.create(shape.prototype) as Fields);
    if (!shape.plain) this.met.push(value);
    for (const name of shape.names) value[name] = this.read();
    return value;
  }

  private shapeOf(value: object): Shape {
    const prototype = Object.getPrototypeOf(value) as object;
    const names = Object.keys(value);
    let shapes = this.alike.get(prototype);
    if (shapes === undefined) {
      shapes = [];
      this.alike.set(prototype, shapes);
    }
    for (const shape of shapes) if (equal(shape.names, names)) return shape;
    const shape = { id: this.shapes.length, prototype, names, plain: prototype === Object.prototype };
    this.shapes.push(shape);
    shapes.push(shape);
    return shape;
  }

  private textOf(text: string): number {
    let index = this.textIndex.get(text);
    if (index === undefined) {
      index = this.texts.push(text) - 1;
      this.textIndex.set(text, index);
    }
    return index;
  }

  private errorOf({ message }: Error): number {
    const index = this.errors.findIndex((error) => error.message === message);
    return index >= 0 ? index : this.errors.push(new Error(message)) - 1;
  }

  /** Seven bits a byte, the last one without the high bit. */
  private code(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.byte(rest);
  }

  private byte(byte: number): void {
    if (this.at === LONGEST)
      throw new RangeError(`a component takes more than ${LONGEST} bytes: something in it grows`);
    this.bytes[this.at++] = byte;
  }

  private next(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.source.charCodeAt(this.at++);
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }
}

function indexIn(list: unknown[], value: unknown): number {
  const index = list.indexOf(value);
  return index >= 0 ? index : list.push(value) - 1;
}

function equal(one: readonly string[], other: readonly string[]): boolean {
  if (one.length !== other.length) return false;
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false;
  return true;
}
