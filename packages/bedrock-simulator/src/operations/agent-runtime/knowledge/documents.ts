/** A document of the simulator's knowledge base. It is short enough to be one chunk. */
export interface KnowledgeDocument {
  readonly id: string;
  readonly title: string;
  readonly text: string;
}

export const DATA_SOURCE_ID = 'SHOPDOCS01';

/** The pages of a shop for hiking gear, which does not exist. Every knowledge base of the simulator has these documents. */
export const DOCUMENTS: readonly KnowledgeDocument[] = [
  {
    id: 'returns',
    title: 'Returns',
    text: 'Unused boots and clothes can be returned within 60 days. The return label is free in Europe. The shop pays the money back within 5 days after the parcel has arrived.',
  },
  {
    id: 'delivery',
    title: 'Delivery',
    text: 'Parcels leave the warehouse in Tromsø on the day of the order. Delivery is free for orders over 80 euros. Kayaks and other bulky goods are delivered by a carrier on a fixed date.',
  },
  {
    id: 'warranty',
    title: 'Warranty',
    text: 'Tents and rucksacks have a warranty of 10 years. The warranty covers seams, zips and poles. Damage by fire is not covered.',
  },
  {
    id: 'boots-care',
    title: 'Care of boots',
    text: 'Leather boots need wax after every wet hike. Dry boots slowly and never next to a stove. Replace the insoles once a year.',
  },
  {
    id: 'tents-care',
    title: 'Care of tents',
    text: 'Store a tent loosely in a dry bag. Wash the outer tent by hand with cold water. New seam sealer helps if water comes through the seams.',
  },
  {
    id: 'stoves',
    title: 'Stoves',
    text: 'A gas stove boils one litre of water in about four minutes. Never use a stove inside a closed tent. Gas cartridges cannot be returned.',
  },
  {
    id: 'gift-cards',
    title: 'Gift cards',
    text: 'Gift cards are valid for three years. A gift card can pay for several orders. Lost gift cards cannot be replaced.',
  },
  {
    id: 'repairs',
    title: 'Repairs',
    text: 'The workshop repairs jackets, tents and rucksacks of every brand. A repair takes about two weeks. Customers pay for a repair only after they have agreed to the estimate.',
  },
];
