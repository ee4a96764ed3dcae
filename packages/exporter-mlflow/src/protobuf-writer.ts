/** Wire types of protobuf: https://protobuf.dev/programming-guides/encoding/#structure */
const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

const MAX_VARINT_BYTES = 10;
const MAX_UINT32 = 0xffff_ffff;
// Shorter texts are written faster character by character than by a call into native code.
const SHORT_TEXT = 32;

/** Writes a protobuf message, each method one field. The buffer grows when the size foreseen is too little. */
export class ProtobufWriter {
  #bytes: Buffer;
  #view: DataView;
  #length = 0;

  constructor(foreseenBytes: number) {
    this.#bytes = Buffer.allocUnsafe(foreseenBytes);
    this.#view = viewOf(this.#bytes);
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Begins a message within this one; to be passed to {@link end}. */
  begin(field: number): number {
    this.#tag(field, LENGTH_DELIMITED);
    // Most are shorter than 128 bytes, and their length takes one.
    this.#reserve(1);
    this.#length += 1;
    return this.#length;
  }

  end(start: number): void {
    const length = this.#length - start;
    const more = varintBytes(length) - 1;
    if (more > 0) {
      this.#reserve(more);
      this.#bytes.copyWithin(start + more, start, this.#length);
    }
    this.#length = start - 1;
    this.#varint(length);
    this.#length += length;
  }

  text(field: number, text: string): void {
    this.#tag(field, LENGTH_DELIMITED);
    if (text.length <= SHORT_TEXT && this.#shortAscii(text)) return;
    const length = Buffer.byteLength(text);
    this.#varint(length);
    this.#reserve(length);
    this.#length += this.#bytes.write(text, this.#length);
  }

  /** Bytes that are given in hexadecimal digits. */
  hex(field: number, digits: string): void {
    this.#tag(field, LENGTH_DELIMITED);
    const length = digits.length >> 1;
    this.#varint(length);
    this.#reserve(length);
    const end = this.#length + length;
    // Ends at what is no digit, and the rest of the buffer is not ours to send.
    const written = this.#bytes.write(digits, this.#length, 'hex');
    this.#bytes.fill(0, this.#length + written, end);
    this.#length = end;
  }

  bytes(field: number, bytes: Uint8Array): void {
    this.#tag(field, LENGTH_DELIMITED);
    this.#varint(bytes.byteLength);
    this.#reserve(bytes.byteLength);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.byteLength;
  }

  /** An integer of 64 bits; negative ones as two's complement. */
  integer(field: number, value: number): void {
    this.#tag(field, VARINT);
    this.#varint(value);
  }

  double(field: number, value: number): void {
    this.#tag(field, FIXED64);
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  fixed32(field: number, value: number): void {
    this.#tag(field, FIXED32);
    this.#reserve(4);
    this.#view.setUint32(this.#length, value, true);
    this.#length += 4;
  }

  fixed64(field: number, high: number, low: number): void {
    this.#tag(field, FIXED64);
    this.#reserve(8);
    this.#view.setUint32(this.#length, low, true);
    this.#view.setUint32(this.#length + 4, high, true);
    this.#length += 8;
  }

  #tag(field: number, wireType: number): void {
    this.#varint((field << 3) | wireType);
  }

  #varint(value: number): void {
    this.#reserve(MAX_VARINT_BYTES);
    if (value < 0 || value > MAX_UINT32) {
      let rest = BigInt.asUintN(64, BigInt(value));
      for (; rest > 0x7fn; rest >>= 7n) this.#bytes[this.#length++] = Number(rest & 0x7fn) | 0x80;
      this.#bytes[this.#length++] = Number(rest);
      return;
    }
    let rest = value;
    for (; rest > 0x7f; rest >>>= 7) this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
    this.#bytes[this.#length++] = rest;
  }

  /** `false`, and nothing is written, when the text is not plain ASCII. */
  #shortAscii(text: string): boolean {
    this.#reserve(1 + SHORT_TEXT);
    const start = this.#length + 1;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code > 0x7f) return false;
      this.#bytes[start + index] = code;
    }
    this.#bytes[this.#length] = text.length;
    this.#length = start + text.length;
    return true;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.byteLength) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.byteLength));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
    this.#view = viewOf(larger);
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

function varintBytes(length: number): number {
  let bytes = 1;
  for (let rest = length; rest > 0x7f; rest >>>= 7) bytes += 1;
  return bytes;
}
