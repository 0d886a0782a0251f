// What a person may do to the pool. Rules kept here: nothing is done before it was said what will happen and that was confirmed; the token is
// kept in memory only, and goes nowhere but into a header.

import { byId, say } from "./dom.js";
import { noun } from "./words.js";

const CONSEQUENCES = {
  suspend: () => "Suspend the pool? Nobody gets a connection until it is resumed: callers wait until their time is up. Who has one goes on.",
  resume: () => "Resume the pool? Callers get connections again.",
  invalidate: ({ total, in_use }) => `Replace ${noun(total, "connection")}? Idle ones are closed now, the ${in_use} in use when they come back.`,
  resize: ({ min, max }, to) => `Keep at least ${to.min} and allow at most ${to.max} connections, in the place of ${min} and ${max}?`,
};

// `shown` gives the pool that is shown; `send` posts and says what came of it.
export function operations(shown, send) {
  let wanted = null;
  const close = () => { wanted = null; byId("confirm").hidden = true; };

  for (const button of document.querySelectorAll("[data-operation]")) {
    button.addEventListener("click", () => {
      const pool = shown(), name = button.dataset.operation;
      const size = { min: byId("min").valueAsNumber, max: byId("max").valueAsNumber };
      if (name === "resize" && !(size.min >= 0 && size.max >= 1)) return say(byId("operated"), "Both numbers are wanted for a resize.");
      wanted = { pool: pool.name, name, body: name === "resize" ? size : null };
      say(byId("confirm-says"), CONSEQUENCES[name](pool.status, size));
      byId("confirm").hidden = false;
      byId("confirm-yes").focus();
    });
  }
  byId("confirm-no").addEventListener("click", () => { close(); say(byId("operated"), "Nothing was changed."); });
  byId("confirm-yes").addEventListener("click", async () => {
    const { pool, name, body } = wanted;
    close();
    say(byId("operated"), `${name}: asked for …`);
    say(byId("operated"), `${name}: ${await send(pool, name, body)}`);
  });

  return ({ operations: access, pool }) => {
    byId("operations").hidden = access === "off" || pool.gone;
    for (const control of document.querySelectorAll("#operations .operations :is(button, input)")) control.disabled = access !== "open";
    const suspended = pool.phase === "suspended";
    document.querySelector("[data-operation=suspend]").hidden = suspended;
    document.querySelector("[data-operation=resume]").hidden = !suspended;
    for (const id of ["min", "max"]) if (byId(id).value === "") byId(id).value = pool.status[id];
    if (access !== "open") close();
  };
}
