/** Known cities, found in upper and lower case. Other names only count as places after a word such as "in". */
const CITIES = [
  'Amsterdam',
  'Athens',
  'Auckland',
  'Bangkok',
  'Barcelona',
  'Beijing',
  'Berlin',
  'Boston',
  'Brussels',
  'Buenos Aires',
  'Cairo',
  'Cape Town',
  'Chicago',
  'Copenhagen',
  'Delhi',
  'Denver',
  'Dubai',
  'Dublin',
  'Edinburgh',
  'Geneva',
  'Hamburg',
  'Helsinki',
  'Hong Kong',
  'Istanbul',
  'Jakarta',
  'Lagos',
  'Lima',
  'Lisbon',
  'London',
  'Los Angeles',
  'Madrid',
  'Melbourne',
  'Mexico City',
  'Miami',
  'Milan',
  'Montreal',
  'Moscow',
  'Mumbai',
  'Munich',
  'Nairobi',
  'New York City',
  'New York',
  'Oslo',
  'Ottawa',
  'Paris',
  'Prague',
  'Reykjavik',
  'Rio de Janeiro',
  'Rome',
  'San Francisco',
  'Santiago',
  'São Paulo',
  'Seattle',
  'Seoul',
  'Shanghai',
  'Singapore',
  'Stockholm',
  'Sydney',
  'Tokyo',
  'Toronto',
  'Vancouver',
  'Vienna',
  'Warsaw',
  'Zurich',
];

const NAME = String.raw`\p{Lu}[\p{L}'’-]+(?:\s+\p{Lu}[\p{L}'’-]+)*(?:,\s*\p{Lu}{2}\b)?`;
const LIST = new RegExp(
  String.raw`\b(?:in|for|at|near|of|between|to)\s+(${NAME}(?:(?:\s*,\s*|\s+)(?:and|or|than|with)?\s*${NAME})*)`,
  'gu',
);
const KNOWN = new RegExp(String.raw`(?<!\p{L})(?:${CITIES.join('|')})(?!\p{L})(?:,\s*\p{Lu}{2}\b)?`, 'giu');

/** Capitalised words after "in" or "for" that are not places. */
const NOT_A_PLACE =
  /^(celsius|fahrenheit|kelvin|english|french|german|spanish|monday|tuesday|wednesday|thursday|friday|saturday|sunday|january|february|march|april|may|june|july|august|september|october|november|december|france|germany|england|japan|italy|spain|india|canada|brazil|australia|kenya|usa|uk|europe|json|xml)$/i;

/** Returns the cities of a text in order, without duplicates: "Paris and San Francisco, CA" has two. */
export function findPlaces(question: string): string[] {
  // Known cities become capitalised, so that one of them can start a list: "in tokyo and Springfield".
  const text = question.replace(KNOWN, properCase);
  const found: { readonly at: number; readonly name: string }[] = [];
  for (const match of text.matchAll(KNOWN)) found.push({ at: match.index, name: match[0] });
  for (const list of text.matchAll(LIST)) {
    const offset = list.index + list[0].indexOf(list[1] ?? '');
    for (const match of (list[1] ?? '').matchAll(new RegExp(NAME, 'gu'))) {
      const at = offset + match.index;
      const known = found.some((place) => at < place.at + place.name.length && place.at < at + match[0].length);
      if (!known && !NOT_A_PLACE.test(match[0])) found.push({ at, name: match[0] });
    }
  }
  return [...new Set(found.sort((a, b) => a.at - b.at).map(({ name }) => name))];
}

function properCase(match: string): string {
  const [city = '', ...rest] = match.split(',');
  const known = CITIES.find((name) => name.toLowerCase() === city.toLowerCase()) ?? city;
  return [known, ...rest].join(',');
}
