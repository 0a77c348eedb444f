/** A name with a mark for what is hidden in it or turns it around, as embedding/names.py has it. */
export const nameText = (name) =>
  name.replace(
    /(?![\u200c\u200d])[\p{Cf}\u034f\u115f\u1160\u17b4\u17b5\u2028\u2029\u2800\u3164\uffa0]/gu,
    "\ufffd",
  );
