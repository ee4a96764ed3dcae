/*
 * The few rules of Protocol Buffers that OTLP needs: https://protobuf.dev/programming-guides/encoding/
 */

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

const FIRST_CAPACITY = 64 * 1024;
const MAX_VARINT_BYTES = 10;

/** Writes the fields of one message, and of the messages inside it, into one growing buffer. */
export class ProtobufWriter {
  #bytes: Buffer = Buffer.allocUnsafe(FIRST_CAPACITY);
  #length = 0;

  /** Returns what was written so far. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Writes an integer from -2^63 to 2^63 - 1. */
  integer(field: number, value: number): void {
    this.#tag(field, VARINT);
    this.#varint(value);
  }

  /** Writes a floating-point number. */
  double(field: number, value: number): void {
    this.#tag(field, FIXED64);
    this.#reserve(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  /** Writes an unsigned integer of 32 bits. */
  fixed32(field: number, value: number): void {
    this.#tag(field, FIXED32);
    this.#reserve(4);
    this.#length = this.#bytes.writeUInt32LE(value, this.#length);
  }

  /** Writes an unsigned integer of 64 bits. */
  fixed64(field: number, value: bigint): void {
    this.#tag(field, FIXED64);
    this.#reserve(8);
    this.#length = this.#bytes.writeBigUInt64LE(value, this.#length);
  }

  /** Writes text as UTF-8. Lone surrogates become replacement characters. */
  string(field: number, text: string): void {
    const size = Buffer.byteLength(text);
    this.#tag(field, LENGTH_DELIMITED);
    this.#varint(size);
    this.#reserve(size);
    this.#length += this.#bytes.write(text, this.#length, 'utf8');
  }

  /** Writes bytes. */
  bytes(field: number, bytes: Uint8Array): void {
    this.#tag(field, LENGTH_DELIMITED);
    this.#varint(bytes.byteLength);
    this.#reserve(bytes.byteLength);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.byteLength;
  }

  /** Writes a message whose fields `write` writes. */
  message(field: number, write: () => void): void {
    this.#tag(field, LENGTH_DELIMITED);
    // The length precedes the fields. One byte is enough for most messages; longer ones move to make room.
    this.#reserve(1);
    const lengthAt = this.#length;
    const start = lengthAt + 1;
    this.#length = start;
    write();
    const end = this.#length;
    this.#length = lengthAt;
    const size = end - start;
    const shift = varintBytes(size) - 1;
    if (shift > 0) {
      this.#reserve(end - lengthAt + shift);
      this.#bytes.copyWithin(start + shift, start, end);
    }
    this.#varint(size);
    this.#length = end + shift;
  }

  #tag(field: number, wireType: number): void {
    this.#varint(field * 8 + wireType);
  }

  #varint(value: number): void {
    this.#reserve(MAX_VARINT_BYTES);
    if (!Number.isSafeInteger(value) || value < 0) {
      this.#bigVarint(BigInt.asUintN(64, BigInt(value)));
      return;
    }
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes[this.#length++] = (rest % 0x80) + 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
  }

  #bigVarint(value: bigint): void {
    let rest = value;
    while (rest > 0x7fn) {
      this.#bytes[this.#length++] = Number(rest % 0x80n) + 0x80;
      rest /= 0x80n;
    }
    this.#bytes[this.#length++] = Number(rest);
  }

  #reserve(size: number): void {
    const needed = this.#length + size;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger);
    this.#bytes = larger;
  }
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes += 1;
  return bytes;
}

/**
 * Reads the fields of one message: numbers as numbers, all other types as bytes. Of a repeated field, the last one wins.
 *
 * @throws RangeError if the bytes are no whole message
 */
export function readProtobuf(message: Uint8Array): Map<number, number | Uint8Array> {
  const fields = new Map<number, number | Uint8Array>();
  let at = 0;
  const take = (size: number): Uint8Array => {
    if (at + size > message.byteLength) throw new RangeError('the message breaks off');
    at += size;
    return message.subarray(at - size, at);
  };
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 0x80) {
      const [byte = 0] = take(1);
      value += (byte % 0x80) * factor;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.byteLength) {
    const tag = varint();
    const field = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (wireType === VARINT) fields.set(field, varint());
    else if (wireType === FIXED64) fields.set(field, take(8));
    else if (wireType === LENGTH_DELIMITED) fields.set(field, take(varint()));
    else if (wireType === FIXED32) fields.set(field, take(4));
    else throw new RangeError(`unknown wire type ${wireType}`);
  }
  return fields;
}
