/** A document in the form that MLflow shows. LangChain uses the same form. */
export interface Document {
  page_content: string;
  metadata: { doc_uri: string; title: string; similarity?: number };
}

/** The source of the answers. A real application reads its documents from files, a wiki or a database. */
export const documents: Document[] = [
  document(
    'handbook/refunds.md',
    'Refunds',
    'Customers can return a bicycle within 30 days. A refund takes five working days after the bicycle has arrived in our workshop.',
  ),
  document(
    'handbook/delivery.md',
    'Delivery',
    'We deliver bicycles in a box. Delivery takes three working days in the city and seven elsewhere.',
  ),
  document(
    'handbook/warranty.md',
    'Warranty',
    'Frames have a warranty of ten years. Brakes and tyres wear out and are not covered.',
  ),
  document(
    'handbook/workshop.md',
    'Workshop',
    'The workshop is open from Tuesday to Saturday. A repair starts with a free inspection of the bicycle.',
  ),
  document(
    'handbook/rental.md',
    'Rental',
    'Cargo bikes are rented by the hour. A deposit is taken and given back on return.',
  ),
  document(
    'handbook/careers.md',
    'Careers',
    'We look for mechanics who like to teach. Apply with a letter and a photo of your favourite tool.',
  ),
];

function document(doc_uri: string, title: string, page_content: string): Document {
  return { page_content, metadata: { doc_uri, title } };
}
