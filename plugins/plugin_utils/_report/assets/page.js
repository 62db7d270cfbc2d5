/* Copyright: (c) 2026, siterecovery.hyperv contributors
   GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
   SPDX-License-Identifier: GPL-3.0-or-later */
"use strict";
(() => {
  const search = document.getElementById("search");
  const state = document.getElementById("state");
  const shown = document.getElementById("shown");
  const machines = [...document.querySelectorAll(".machine")];
  const groups = [...document.querySelectorAll(".group")];
  const texts = machines.map((each) => each.dataset.text.toLowerCase());

  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    machines.forEach((each, number) => {
      const visible =
        (!state.value || each.dataset.state === state.value) && words.every((word) => texts[number].includes(word));
      each.hidden = !visible;
      count += visible ? 1 : 0;
    });
    for (const group of groups) {
      group.hidden = !group.querySelector(".machine:not([hidden])");
      if (words.length) {
        group.open = true;
      }
    }
    shown.textContent = String(count);
  };

  search.addEventListener("input", filter);
  state.addEventListener("change", filter);
  for (const [id, open] of [["expand", true], ["collapse", false]]) {
    document.getElementById(id).addEventListener("click", () => {
      for (const each of document.querySelectorAll("#machines details")) {
        each.open = open;
      }
    });
  }
})();
