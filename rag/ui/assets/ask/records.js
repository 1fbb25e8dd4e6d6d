// The conversations that this browser keeps: in localStorage, a record each, {turns, changed}.

export const KEY = "kd-conversation-";

const MOST = 100; // conversations; the oldest goes first

/** The record of that name; null when there is none, or none that can be read. */
export function read(name) {
  try {
    const record = JSON.parse(localStorage.getItem(KEY + name));
    return Array.isArray(JSON.parse(record.turns)) ? record : null;
  } catch {
    return null;
  }
}

/** Every conversation that is kept, the last one first. */
export function all() {
  return Object.keys(localStorage)
    .filter((key) => key.startsWith(KEY))
    .map((key) => ({ name: key.slice(KEY.length), ...read(key.slice(KEY.length)) }))
    .filter((record) => record.turns)
    .sort((one, other) => other.changed - one.changed);
}

export function write(name, turns) {
  for (const { name: old } of all().slice(MOST - 1)) if (old !== name) remove(old);
  for (;;) {
    try {
      localStorage.setItem(KEY + name, JSON.stringify({ turns, changed: Date.now() }));
      return;
    } catch {
      const oldest = all().findLast((one) => one.name !== name);
      if (!oldest) return; // this conversation alone is too long for the browser; it stays on the page
      remove(oldest.name);
    }
  }
}

export function remove(name) {
  localStorage.removeItem(KEY + name);
}
