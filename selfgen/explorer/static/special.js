// Gamma, digamma and their kin for one real argument, good to about 1e-14.

const LANCZOS = [0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7];

function logGamma(x) {
  if (x < 0.5) return Math.log(Math.PI / Math.abs(Math.sin(Math.PI * x))) - logGamma(1 - x);
  const y = x - 1;
  let sum = LANCZOS[0];
  for (let i = 1; i < LANCZOS.length; i++) sum += LANCZOS[i] / (y + i);
  const t = y + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (y + 0.5) * Math.log(t) - t + Math.log(sum);
}

function gammaFunction(x) {
  if (Number.isInteger(x)) {
    if (x <= 0) return NaN;
    if (x < 24) { let product = 1; for (let i = 2; i < x; i++) product *= i; return product; }
  }
  if (x < 0.5) return Math.PI / (Math.sin(Math.PI * x) * gammaFunction(1 - x));
  return Math.exp(logGamma(x));
}

// Bernoulli numbers B2, B4, …, of the asymptotic series.
const BERNOULLI = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510];

function digamma(x) {
  if (x <= 0 && Number.isInteger(x)) return NaN;
  if (x < 0) return digamma(1 - x) - Math.PI / Math.tan(Math.PI * x);
  let shift = 0;
  while (x < 12) { shift -= 1 / x; x += 1; }
  let series = 0;
  for (let k = BERNOULLI.length; k >= 1; k--) series = (series + BERNOULLI[k - 1] / (2 * k)) / (x * x);
  return shift + Math.log(x) - 0.5 / x - series;
}

// The k-th derivative of the digamma function for a positive argument.
function polygamma(k, x) {
  if (k === 0) return digamma(x);
  if (!(x > 0)) return NaN;
  let factorial = 1;
  for (let i = 2; i < k; i++) factorial *= i;             // (k − 1)!
  let sum = 0;
  while (x < 16) { sum += factorial * k / Math.pow(x, k + 1); x += 1; }
  sum += factorial / Math.pow(x, k) + factorial * k / (2 * Math.pow(x, k + 1));
  let rising = factorial * k;                             // (k + 2j − 1)! / (2j)!, from j = 0 on
  for (let j = 1; j <= BERNOULLI.length; j++) {
    rising *= (k + 2 * j - 2 || 1) * (k + 2 * j - 1) / ((2 * j - 1) * (2 * j));
    if (j === 1) rising = factorial * k * (k + 1) / 2;
    sum += BERNOULLI[j - 1] * rising / Math.pow(x, k + 2 * j);
  }
  return k % 2 ? sum : -sum;
}

function multidigamma(x, d) {
  let sum = 0;
  for (let i = 0; i < d; i++) sum += digamma(x - i / 2);
  return sum;
}
