/** MIME types of Converse's media formats. They are the names that IANA registered, if there is one. */

/** The members of a content block that hold media. Each has the name of its modality. */
export const MODALITIES = ['image', 'video', 'audio', 'document'] as const;
export type Modality = (typeof MODALITIES)[number];

/**
 * The values of the SDK's `ImageFormat`, `VideoFormat`, `AudioFormat` and `DocumentFormat`. `pcm` has no entry: every
 * MIME type for it also claims a rate and a byte order.
 */
const MIME_TYPES: Readonly<Record<Modality, ReadonlyMap<string, string>>> = {
  image: new Map([
    ['gif', 'image/gif'],
    ['jpeg', 'image/jpeg'],
    ['png', 'image/png'],
    ['webp', 'image/webp'],
  ]),
  video: new Map([
    ['flv', 'video/x-flv'],
    ['mkv', 'video/matroska'],
    ['mov', 'video/quicktime'],
    ['mp4', 'video/mp4'],
    ['mpeg', 'video/mpeg'],
    ['mpg', 'video/mpeg'],
    ['three_gp', 'video/3gpp'],
    ['webm', 'video/webm'],
    ['wmv', 'video/x-ms-wmv'],
  ]),
  audio: new Map([
    ['aac', 'audio/aac'],
    ['flac', 'audio/flac'],
    ['m4a', 'audio/mp4'],
    ['mka', 'audio/matroska'],
    ['mkv', 'audio/matroska'],
    ['mp3', 'audio/mpeg'],
    ['mp4', 'audio/mp4'],
    ['mpeg', 'audio/mpeg'],
    ['mpga', 'audio/mpeg'],
    ['ogg', 'audio/ogg'],
    ['opus', 'audio/opus'],
    ['wav', 'audio/wav'],
    ['webm', 'audio/webm'],
    ['x-aac', 'audio/aac'],
  ]),
  document: new Map([
    ['csv', 'text/csv'],
    ['doc', 'application/msword'],
    ['docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
    ['html', 'text/html'],
    ['md', 'text/markdown'],
    ['pdf', 'application/pdf'],
    ['txt', 'text/plain'],
    ['xls', 'application/vnd.ms-excel'],
    ['xlsx', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
  ]),
};

/** Returns the MIME type of a format; undefined if none is known. */
export function mimeTypeOf(modality: Modality, format: string | undefined): string | undefined {
  return format === undefined ? undefined : MIME_TYPES[modality].get(format);
}
