import { arrayOf, isObject, type JsonObject, objectOf, stringOf } from '../json.js';
import type { Tool } from './conversation.js';
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

/**
 * Returns the tools that the question asks for: those whose name shares a word with it, else the first tool that takes
 * a place.
 */
export function relevantTools(tools: readonly Tool[], question: string): Tool[] {
  const named = namedTools(tools, question);
  if (named.length > 0 || findPlaces(question).length === 0) return named;
  return tools.filter((tool) => placeKey(tool) !== undefined).slice(0, 1);
}

/**
 * Returns the tools whose name shares a word with the question. A tool that needs a place is left out if the question
 * names none.
 */
export function namedTools(tools: readonly Tool[], question: string): Tool[] {
  const hasPlace = findPlaces(question).length > 0;
  return tools.filter((tool) => isNamed(tool.name, question) && (hasPlace || !needsPlace(tool)));
}

/** Returns the inputs of a tool's calls: one per place in the question if the tool takes a place, else one. */
export function planCalls(tool: Tool, question: string): JsonObject[] {
  const key = placeKey(tool);
  const places = findPlaces(question);
  const onePlaceEach = key !== undefined && places.length > 1 && objectOf(propertiesOf(tool)[key])['type'] !== 'array';
  return (onePlaceEach ? places : [places[0]]).map((place) => readInput(tool, question, place));
}

function isNamed(name: string, question: string): boolean {
  const words = name.split(/[^\p{L}]+|(?<=\p{Ll})(?=\p{Lu})/u).map((word) => word.toLowerCase());
  if (words.includes('weather') && WEATHER_WORDS.test(question)) return true;
  return words.some(
    (word) => word.length > 2 && !GENERIC_WORDS.has(word) && new RegExp(`\\b${word.slice(0, 7)}`, 'i').test(question),
  );
}

/** Fills the members that the schema requires (all members if it requires none), and always the place. */
function readInput(tool: Tool, question: string, place: string | undefined): JsonObject {
  const properties = propertiesOf(tool);
  const key = placeKey(tool);
  const keys = new Set(requiredKeys(tool));
  if (key !== undefined && place !== undefined) keys.add(key);
  const numbers = question.match(/-?\d+(\.\d+)?/g)?.map(Number) ?? [];
  return Object.fromEntries(
    [...keys].map((name) => [name, readArgument(name, objectOf(properties[name]), { question, place, numbers })]),
  );
}

interface Known {
  readonly question: string;
  readonly place: string | undefined;
  /** Numbers of the question that are not used yet; each is used once. */
  readonly numbers: number[];
}

function readArgument(name: string, schema: JsonObject, { question, place, numbers }: Known): unknown {
  const options = arrayOf(schema['enum']);
  if (options.length > 0) {
    return options.find((option) => question.toLowerCase().includes(stringOf(option).toLowerCase())) ?? options[0];
  }
  switch (schema['type']) {
    case 'number':
    case 'integer':
      return numbers.shift() ?? 1;
    case 'boolean':
      return false;
    case 'array':
      return PLACE_PROPERTY.test(name) ? findPlaces(question) : [question];
    case 'object':
      return {};
    default:
      return PLACE_PROPERTY.test(name) ? (place ?? 'unknown') : readText(name, question);
  }
}

function readText(key: string, question: string): string {
  if (/expression|formula/i.test(key)) return /[-+*/().\d\s]*\d[-+*/().\d\s]*/.exec(question)?.[0].trim() ?? question;
  return /^(date|day|when)$/i.test(key) ? 'today' : question;
}

function propertiesOf(tool: Tool): JsonObject {
  return isObject(tool.schema['properties']) ? tool.schema['properties'] : {};
}

function requiredKeys(tool: Tool): string[] {
  const required = tool.schema['required'];
  return Array.isArray(required) ? required.map(String) : Object.keys(propertiesOf(tool));
}

function placeKey(tool: Tool): string | undefined {
  return Object.keys(propertiesOf(tool)).find((name) => PLACE_PROPERTY.test(name));
}

function needsPlace(tool: Tool): boolean {
  return requiredKeys(tool).some((name) => PLACE_PROPERTY.test(name));
}
