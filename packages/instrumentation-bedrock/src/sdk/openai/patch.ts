/** Replaces `makeRequest` on the prototype that all clients of one copy of OpenAI's SDK share. */

import { type Owner, patchMethod } from '../patch.js';
import type { MakeRequest } from './client.js';

/**
 * Lets `owner` handle the requests of all clients with this prototype.
 *
 * Every method of the SDK sends its request by `makeRequest`, which runs once for each attempt. The promises and streams
 * that the application gets are made from its result, so they need no patch.
 *
 * @returns see `patchClient`.
 * @throws TypeError if the prototype is frozen.
 */
export function patchOpenAi(prototype: object, owner: Owner): Owner[][] | undefined {
  const owners = patchMethod<MakeRequest>(prototype, 'makeRequest', owner, requestThrough);
  return owners && [owners];
}

function requestThrough(original: MakeRequest, owners: readonly Owner[]): MakeRequest {
  return function makeRequest(...args) {
    const enabled = owners.filter((owner) => owner.isEnabled());
    const handled = enabled.pop()?.request({ original, client: this, args }, enabled);
    return handled ? handled.result : original.apply(this, args);
  };
}
