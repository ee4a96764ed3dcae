import { crc32, deflateSync } from 'node:zlib';
import { digest } from '../../../digest.js';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** One pixel, 8 bits for each of red, green and blue. */
const HEADER = Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0]);

/** Returns a PNG of one pixel in base64. Its colour depends on the request and the index; its comment describes it. */
export function scriptedImage(request: unknown, index: number): string {
  const colour = Buffer.from(digest([request, index]).slice(0, 6), 'hex');
  const comment = 'Comment\0Scripted by the local Bedrock simulator; no model ran.';
  return Buffer.concat([
    SIGNATURE,
    pngChunk('IHDR', HEADER),
    pngChunk('tEXt', Buffer.from(comment, 'latin1')),
    pngChunk('IDAT', deflateSync(Buffer.concat([Buffer.from([0]), colour]))),
    pngChunk('IEND', Buffer.alloc(0)),
  ]).toString('base64');
}

function pngChunk(type: string, data: Buffer): Buffer {
  const content = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const chunk = Buffer.alloc(content.length + 8);
  chunk.writeUInt32BE(data.length, 0);
  content.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(content), content.length + 4);
  return chunk;
}
