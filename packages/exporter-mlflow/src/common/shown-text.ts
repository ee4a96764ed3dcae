import { beginning } from './text.js';

declare const shown: unique symbol;

/**
 * Text that a message may show: one line without control characters, and without secrets. {@link say} makes it of
 * constants and other shown texts, so that the compiler refuses what a server sent. A redactor makes it of the rest.
 */
export type ShownText = string & { readonly [shown]: true };

/**
 * Makes foreign text fit for messages.
 *
 * @param recorded Values of spans that the text may quote. Default: none.
 */
export type Show = (text: string, recorded?: () => Iterable<string>) => ShownText;

/** Length of a text that a message quotes, in UTF-16 units. */
export const MAX_SHOWN_LENGTH = 300;

/** Writes a message. It takes only numbers and texts that may be shown. */
export function say(strings: TemplateStringsArray, ...values: readonly (ShownText | number)[]): ShownText {
  return String.raw({ raw: strings }, ...values) as ShownText;
}

/** A text of the application itself that holds no secret, such as the name of a span: on one line, and shortened. */
export function ownText(text: string): ShownText {
  return shorten(oneLine(text)) as ShownText;
}

// Sequences that colour a terminal, move its cursor or set its title: https://ecma-international.org/publications-and-standards/standards/ecma-48/
const ANSI =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this expression removes
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]?|(?:\u001b[\]PX^_]|[\u009d\u0090\u0098\u009e\u009f])[^\u0007\u001b\u009c]{0,200}(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]?/g;
// Control characters, and those that change the direction of a text or cannot be seen.
const INVISIBLE = /(?!\s|\u0085)[\p{Cc}\p{Cf}]/gu;

/** The text on one line, without control characters and invisible ones. */
export function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replace(ANSI, '')
    .replace(INVISIBLE, '')
    .replace(/[\s\u0085]+/g, ' ')
    .trim();
}

/** The first {@link MAX_SHOWN_LENGTH} UTF-16 units. An ellipsis follows if there are more. */
export function shorten(text: string): string {
  return text.length > MAX_SHOWN_LENGTH ? `${beginning(text, MAX_SHOWN_LENGTH)}…` : text;
}
