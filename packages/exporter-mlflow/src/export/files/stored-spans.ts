import { parseTracesJson } from '../../mlflow/artifacts/parse-traces-json.js';
import type { MlflowSpan } from '../../mlflow/types.js';

/** A span that is in the file, with its JSON to write it again as it is. */
export interface StoredSpan {
  readonly span: MlflowSpan;
  readonly json: string;
}

const BEGINNING = /^\s*\{\s*"spans"\s*:\s*\[/;

/** Reads the spans of `traces.json`. Returns none if the text is no such file: MLflow cannot read it either. */
export function readStoredSpans(text: string): StoredSpan[] {
  try {
    const [beginning = ''] = BEGINNING.exec(text) ?? [];
    const spans = parseTracesJson(text);
    const texts = beginning === '' ? [] : elementsOf(text, beginning.length);
    return spans.flatMap((span, index) => {
      const json = texts[index];
      return json === undefined ? [] : [{ span, json }];
    });
  } catch {
    return [];
  }
}

/**
 * The elements of a JSON array of objects, as they are in the text. Parsing and writing them would change numbers that
 * JavaScript cannot hold.
 */
function elementsOf(text: string, start: number): string[] {
  const elements: string[] = [];
  const marks = /["{}[\]]/g;
  let depth = 0;
  let begin = start;
  marks.lastIndex = start;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    const [character] = mark;
    if (character === '"') {
      marks.lastIndex = endOfString(text, mark.index);
    } else if (character === '{' || character === '[') {
      if (depth === 0) begin = mark.index;
      depth += 1;
    } else {
      if (depth === 0) break;
      depth -= 1;
      if (depth === 0) elements.push(text.slice(begin, marks.lastIndex));
    }
  }
  return elements;
}

function endOfString(text: string, begin: number): number {
  for (let end = text.indexOf('"', begin + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text[end - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return end + 1;
  }
  return text.length;
}
