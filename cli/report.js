"use strict";
(function () {
	var all = JSON.parse(document.getElementById("data").textContent);
	var input = document.getElementById("search"), body = document.getElementById("found");
	var said = document.getElementById("said"), SHOWN = 200;
	var keys = all.map(function (row) { return row.join("\n").toLowerCase(); });

	function show() {
		var words = input.value.toLowerCase().split(/\s+/), found = 0;

		body.textContent = "";
		for (var i = all.length - 1; i >= 0; i--) {
			if (!words.every(function (w) { return keys[i].indexOf(w) >= 0; }))
				continue;
			if (++found > SHOWN)
				continue;
			var tr = document.createElement("tr");
			all[i].forEach(function (value) {
				/* Text, never markup. */
				tr.appendChild(document.createElement("td")).textContent = value;
			});
			body.appendChild(tr);
		}
		said.textContent = found + (found === 1 ? " block" : " blocks") +
			(found > SHOWN ? ", the latest " + SHOWN + " are shown" : "");
	}
	input.addEventListener("input", show);
	window.addEventListener("hashchange", function () { input.value = location.hash.slice(1); show(); });
	input.value = location.hash.slice(1);
	show();
})();
