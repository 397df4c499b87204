create extension plluau;

create function statistics(query text, out n int, out correlation float8, out slope float8, out intercept float8)
language plluau as $$
    local np = require "tessera.numpy"
    local xs, ys = {}, {}
    for row in spi.rows(query) do
        xs[#xs + 1], ys[#ys + 1] = row.x, row.y
    end
    local x, y = np.array(xs, {dtype = "float64"}), np.array(ys, {dtype = "float64"})
    local dx, dy = x - x:mean(), y - y:mean()
    local xx, xy, yy = (dx * dx):sum():item(), (dx * dy):sum():item(), (dy * dy):sum():item()
    local slope = xy / xx
    return {n = #xs, correlation = xy / (xx * yy) ^ 0.5, slope = slope,
        intercept = y:mean():item() - slope * x:mean():item()}
$$;

create table measured (x float8, y float8);

insert into measured select i, 3 * i + 7 + 40 * sin(i) from generate_series(1, 5000) as i;

select format('Tessera: %s rows, correlation %s, slope %s, intercept %s', n, round(correlation::numeric, 9), round(slope::numeric, 9), round(intercept::numeric, 7)) as says
from statistics('select x, y from measured where x <= 100');

select format('PostgreSQL: %s rows, correlation %s, slope %s, intercept %s', count(*), round(corr(y, x)::numeric, 9), round(regr_slope(y, x)::numeric, 9), round(regr_intercept(y, x)::numeric, 7)) as says
from measured where x <= 100;

select format('of all rows they differ by less than 1e-9: %s', abs(s.correlation - m.r) < 1e-9 and abs(s.slope - m.a) < 1e-9) as says
from statistics('select x, y from measured') s, (select corr(y, x) r, regr_slope(y, x) a from measured) m;
