\\ Limits by PARI/GP, from sums and products added up numerically and never from closed forms: limits.json.
\\
\\     gp -q tests/expected/make_limits.gp > tests/expected/limits.json
\\
\\ Ratios of the limit to generation 1. sumnum and prodinf extrapolate; 40 digits are kept of 60.
default(realprecision, 60);
row(name, model, workflow, value, last) = printf("  {\"name\": \"%s\", \"model\": %s, \"workflow\": %s, \"ratio\": \"%.40f\"}%s\n", name, model, workflow, value, if(last, "", ","));
print("{\"made_by\": \"make_limits.gp\", \"cases\": [");
accumulate = "\"accumulate\"";
row("any regular model", "{\"name\": \"regular\", \"settings\": {}}", accumulate, sumnum(i = 1, 1 / i^2), 0);
row("waiting times, one at a time", "{\"name\": \"exponential\", \"settings\": {\"mean\": \"1\", \"n\": \"1\"}}", accumulate, prodnumrat(1 + 1 / x^2, 1) - 1, 0);
row("waiting times, seven", "{\"name\": \"exponential\", \"settings\": {\"mean\": \"1\", \"n\": \"7\"}}", accumulate, 7 * (prodnumrat(1 + 1 / (7 * x^2), 1) - 1), 0);
row("coins, five", "{\"name\": \"bernoulli\", \"settings\": {\"p\": \"1/3\", \"n\": \"5\"}}", accumulate, 5 * (1 - prodnumrat(1 - 1 / (5 * x^2), 1)), 0);
row("fresh least squares, d = 3, T = 10", "{\"name\": \"linear-regression\", \"settings\": {\"d\": \"3\", \"T\": \"10\"}}", accumulate, 6 * sumnumrat(1 / (x * (10 * x - 4)), 1), 0);
row("fresh least squares, d = 1, T = 3", "{\"name\": \"linear-regression\", \"settings\": {\"d\": \"1\", \"T\": \"3\"}}", accumulate, sumnumrat(1 / (x * (3 * x - 2)), 1), 0);
row("sizes j", "{\"name\": \"regular\", \"settings\": {}}", "\"accumulate:sizes=j\"", sumnumrat(x / (x * (x + 1) / 2)^2, 1), 0);
row("sizes j^2", "{\"name\": \"regular\", \"settings\": {}}", "\"accumulate:sizes=j**2\"", sumnumrat(x^2 / (x * (x + 1) * (2 * x + 1) / 6)^2, 1), 0);
row("replace, sizes j^2 + j + 1", "{\"name\": \"regular\", \"settings\": {}}", "\"replace:sizes=j**2+j+1\"", 3 * sumnumrat(1 / (x^2 + x + 1), 1), 0);
row("replace, sizes 2^j", "{\"name\": \"regular\", \"settings\": {}}", "\"replace:sizes=2**j\"", 2 * suminf(i = 1, 1 / 2.^i), 1);
print("]}");
quit
