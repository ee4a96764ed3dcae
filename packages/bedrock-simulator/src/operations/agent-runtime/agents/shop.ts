import type { JsonObject } from '../../../json.js';
import { type Action, type Agent, aliasArn, PLAIN_AGENT } from './agent.js';

const SONNET = 'anthropic.claude-3-5-sonnet-20240620-v1:0';
const HAIKU = 'anthropic.claude-3-haiku-20240307-v1:0';
const NOVA = 'amazon.nova-pro-v1:0';

/** The parcel whose status no system knows. */
const LOST_PARCEL = 9999;

const PARCELS: Readonly<Record<number, JsonObject>> = {
  1042: { status: 'on its way', carrier: 'Nordic Post', arrives: 'Thursday' },
  1043: { status: 'delivered', carrier: 'Nordic Post', arrives: 'Monday' },
};

const getParcelStatus: Action = {
  tool: { name: 'getParcelStatus', schema: schemaOf({ parcelId: 'number' }) },
  run({ parcelId }) {
    if (parcelId === LOST_PARCEL)
      return { failure: 'The Lambda function of the action group returned an invalid response.' };
    return { text: JSON.stringify({ parcelId, ...(PARCELS[Number(parcelId)] ?? { status: 'unknown' }) }) };
  },
};

const printLabel: Action = {
  tool: { name: 'printLabel', schema: schemaOf({ parcelId: 'number' }) },
  api: { path: '/parcels/{parcelId}/label', verb: 'POST' },
  run: ({ parcelId }) => ({ text: JSON.stringify({ parcelId, label: `https://example.com/labels/${parcelId}` }) }),
};

/** The application runs this action, because only it knows the customer. */
const changeAddress: Action = {
  tool: { name: 'changeAddress', schema: schemaOf({ city: 'string' }) },
  run: ({ city }) => ({ text: JSON.stringify({ city, changed: true }) }),
};

const getDeliveryDays: Action = {
  tool: { name: 'getDeliveryDays', schema: schemaOf({ city: 'string' }) },
  run: ({ city }) => ({ text: JSON.stringify({ city, days: 2 + (String(city).length % 4) }) }),
};

const getCustomsFee: Action = {
  tool: { name: 'getCustomsFee', schema: schemaOf({ city: 'string' }) },
  run: ({ city }) => ({ text: JSON.stringify({ city, euros: 5 * (String(city).length % 3) }) }),
};

const customsExpert: Agent = {
  ...PLAIN_AGENT,
  ...named('CustomsExpert', 'SHOPCUST01', 'CUSTALIAS1'),
  model: HAIKU,
  instruction: 'You know the customs fees of the countries to which the shop delivers.',
  actionGroups: [{ name: 'customs', returnsControl: false, actions: [getCustomsFee] }],
};

const deliveryPlanner: Agent = {
  ...PLAIN_AGENT,
  ...named('DeliveryPlanner', 'SHOPDELI01', 'DELIALIAS1'),
  model: NOVA,
  instruction: 'You plan deliveries of the shop.',
  actionGroups: [{ name: 'deliveries', returnsControl: false, actions: [getDeliveryDays] }],
  collaborators: [{ instruction: 'Ask CustomsExpert about customs fees.', agent: customsExpert }],
};

/** The agent with everything. It answers for every agent id that has no row below. */
const shopAssistant: Agent = {
  ...PLAIN_AGENT,
  ...named('ShopAssistant', 'SHOPAGENT1', 'SHOPALIAS1'),
  model: SONNET,
  instruction: 'You help the customers of a shop for hiking gear.',
  actionGroups: [
    { name: 'parcels', returnsControl: false, actions: [getParcelStatus, printLabel] },
    { name: 'customers', returnsControl: true, actions: [changeAddress] },
  ],
  knowledgeBaseIds: ['SHOPKB0001'],
  hasCodeInterpreter: true,
  collaborators: [{ instruction: 'Ask DeliveryPlanner how long a delivery takes.', agent: deliveryPlanner }],
  hasGuardrail: true,
};

/** Agents that show one thing, by their ids. */
const SPECIAL: Readonly<Record<string, Agent>> = {
  SHOPKBASE1: {
    ...shopAssistant,
    name: 'Librarian',
    actionGroups: [],
    hasCodeInterpreter: false,
    collaborators: [],
    hasGuardrail: false,
  },
  SHOPCHECK1: { ...shopAssistant, name: 'CarefulAssistant', hasPreProcessing: true, hasPostProcessing: true },
  SHOPROUTE1: { ...shopAssistant, name: 'Router', routes: true, hasGuardrail: false },
};

/** Returns the agent that answers for an id. Any id and alias work. */
export function findAgent(id: string, aliasId: string): Agent {
  const agent = Object.hasOwn(SPECIAL, id) ? (SPECIAL[id] ?? shopAssistant) : shopAssistant;
  return { ...agent, id, aliasId, aliasArn: aliasArn(id, aliasId), version: aliasId === 'TSTALIASID' ? 'DRAFT' : '1' };
}

function named(name: string, id: string, aliasId: string) {
  return { name, id, aliasId, version: '1', aliasArn: aliasArn(id, aliasId) };
}

function schemaOf(properties: Readonly<Record<string, 'number' | 'string'>>): JsonObject {
  return {
    type: 'object',
    properties: Object.fromEntries(Object.entries(properties).map(([name, type]) => [name, { type }])),
    required: Object.keys(properties),
  };
}
