import type { Tool } from './conversation.js';
import { arrayOf, isObject, type JsonObject, objectOf, stringOf } from './json.js';
import { findPlaces } from './places.js';

const GENERIC_WORDS = new Set([
  'get',
  'current',
  'fetch',
  'find',
  'look',
  'lookup',
  'make',
  'run',
  'tool',
  'query',
  'with',
  'from',
  'the',
  'for',
  'and',
]);
const WEATHER_WORDS = /\b(weather|forecast|temperature|rain\w*|snow\w*|sunny|umbrella|warm\w*|cold\w*|hot|degrees)\b/i;
const PLACE_PROPERTY = /city|cities|location|place|town|destination/i;

/** The offered tools the question asks for, most explicit mention first: by a word of the tool's name or a place. */
export function relevantTools(tools: readonly Tool[], question: string): Tool[] {
  const named = tools.filter((tool) => isNamed(tool.name, question));
  if (named.length > 0 || findPlaces(question).length === 0) return named;
  return tools.filter((tool) => Object.keys(propertiesOf(tool)).some((key) => PLACE_PROPERTY.test(key))).slice(0, 1);
}

/** The inputs to call a tool with: one call, or one for each place the question names if the tool takes one place. */
export function planCalls(tool: Tool, question: string): JsonObject[] {
  const properties = propertiesOf(tool);
  const placeKey = Object.keys(properties).find((key) => PLACE_PROPERTY.test(key));
  const places = findPlaces(question);
  const severalCalls =
    placeKey !== undefined && places.length > 1 && objectOf(properties[placeKey])['type'] !== 'array';
  return (severalCalls ? places : [places[0]]).map((place) => readInput(tool, question, place));
}

function isNamed(name: string, question: string): boolean {
  const words = name.split(/[^\p{L}]+|(?<=\p{Ll})(?=\p{Lu})/u).map((word) => word.toLowerCase());
  if (words.includes('weather') && WEATHER_WORDS.test(question)) return true;
  return words.some(
    (word) => word.length > 2 && !GENERIC_WORDS.has(word) && new RegExp(`\\b${word.slice(0, 7)}`, 'i').test(question),
  );
}

function readInput(tool: Tool, question: string, place: string | undefined): JsonObject {
  const properties = propertiesOf(tool);
  const required = tool.schema['required'];
  const keys = Array.isArray(required) ? required.map(String) : Object.keys(properties);
  const optionalPlace =
    place === undefined
      ? []
      : Object.keys(properties)
          .filter((key) => PLACE_PROPERTY.test(key))
          .slice(0, 1);
  const all = [...new Set([...keys, ...optionalPlace])];
  return Object.fromEntries(all.map((key) => [key, readArgument(key, objectOf(properties[key]), question, place)]));
}

function readArgument(key: string, schema: JsonObject, question: string, place: string | undefined): unknown {
  const options = arrayOf(schema['enum']);
  if (options.length > 0) {
    return options.find((option) => question.toLowerCase().includes(stringOf(option).toLowerCase())) ?? options[0];
  }
  switch (schema['type']) {
    case 'number':
    case 'integer':
      return Number(/-?\d+/.exec(question)?.[0] ?? 1);
    case 'boolean':
      return false;
    case 'array':
      return PLACE_PROPERTY.test(key) ? findPlaces(question) : [question];
    case 'object':
      return {};
    default:
      return PLACE_PROPERTY.test(key) ? (place ?? 'unknown') : readText(key, question);
  }
}

function readText(key: string, question: string): string {
  if (/expression|formula/i.test(key)) return /[-+*/().\d\s]*\d[-+*/().\d\s]*/.exec(question)?.[0].trim() ?? question;
  return /^(date|day|when)$/i.test(key) ? 'today' : question;
}

function propertiesOf(tool: Tool): JsonObject {
  return isObject(tool.schema['properties']) ? tool.schema['properties'] : {};
}
