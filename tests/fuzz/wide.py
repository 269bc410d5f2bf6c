"""The rest of PyTorch's ops for the programs of pen.py: forms with places, filled from what the variables are.

{a} is a floating-point tensor (in ANY, of any dtype), {b} and {c} broadcast with it, {o} does or is a number, {n} is a number,
{i} and {j} are axes, {m} is a mask, {k} are places along axis i, {s} is a tensor of its shape and dtype, {v} can be written to
it, {w} too and is no number, {keep} is perhaps keepdim=True. What is a view is the only one of its function: torch refuses to
write to one of several.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from .pen import Pen


def forms(text: str) -> list[str]:
    return [form for line in text.strip().splitlines() for form in line.strip("; ").split("; ")]


ELEMENTWISE = forms("""
    {a}.sin(); {a}.cos(); {a}.tan(); {a}.asin(); {a}.acos(); {a}.atan(); {a}.sinh(); {a}.cosh(); {a}.asinh(); {a}.acosh()
    {a}.atanh(); {a}.log1p(); {a}.log2(); {a}.log10(); {a}.expm1(); {a}.exp2(); {a}.erf(); {a}.erfc(); {a}.square(); {a}.rsqrt()
    {a}.reciprocal(); {a}.sinc(); {a}.deg2rad(); {a}.lgamma(); {a}.logit(); {a}.floor(); {a}.ceil(); {a}.round(); {a}.trunc()
    {a}.frac(); {a}.sgn(); {a}.nan_to_num(); {a}.positive(); t.nn.functional.softplus({a}); t.nn.functional.silu({a})
    t.nn.functional.gelu({a}); t.nn.functional.elu({a}); t.nn.functional.selu({a}); t.nn.functional.leaky_relu({a})
    t.nn.functional.hardtanh({a}); t.nn.functional.hardswish({a}); t.nn.functional.softsign({a})
    t.nn.functional.logsigmoid({a}); t.nn.functional.mish({a}); t.nn.functional.relu6({a}); t.nn.functional.celu({a})
    t.nn.functional.tanhshrink({a}); t.fmod({a}, {b}); t.remainder({a}, {b}); t.fmax({a}, {b}); t.fmin({a}, {b})
    t.atan2({a}, {b}); t.hypot({a}, {b}); t.logaddexp({a}, {b}); t.xlogy({a}, {b}); t.copysign({a}, {b})
    t.floor_divide({a}, {b}); {a} % {o}; {a} // {o}; {n} % ({b} + 0.3); t.sub({a}, {b}, alpha={n})
    t.add({a}, other={o}, alpha=2); t.lerp({a}, {s}, {n}); t.lerp({a}, {s}, weight={a}); t.addcmul({a}, {b}, {c}, value={n})
    t.addcdiv({a}, {b}, {c}); t.where({m}, {a}, {o}); {a}.where({m}, other={b}); t.div({a}, {o}, rounding_mode='trunc')
    {a}.masked_fill({m}, {n}); t.clamp({a}, {b}, {c}); {a}.clamp(min={n}, max=t.tensor(1.5)); t.isclose({a}, {b})
    t.nn.functional.threshold({a}, 0.1, 2); {a}.round(decimals=1); t.rsub({a}, {o})
""")
ANY = forms("""
    {a} & {m}; {a} | 1; {m} ^ {m}; ~{m}; {a} << 1; {a} >> 1; {a} // 2; {a} % 3; {a}.bool(); {a}.float(); {a}.square()
    {a}.sum({i}); {a}.prod({i}); {a}.cumsum({i}); {a}.sort({i})[0]; {a}.max(); {a}.clamp(0, 2); {a}.any({i}); {a}.all()
    t.count_nonzero({a}, {i}); {a}.argsort(dim={i}, stable=True); {a}.abs(); {a}.sin(); {a}.amin({i}); {a}.floor()
    {a}.sum(dtype=t.float64); {a}.mean({i}); {a} == {b}; {a} <= {n}; {a}.to(t.int16); {a}.to(t.int8); {a}.masked_fill({m}, 1)
    t.maximum({a}, {b}); t.logical_and({a}, {b}); {a}.fmod(2); {a} ** 2; {a}.diff(dim={i}); {a}.flip({i}); {a}.roll(1, {i})
    t.where({m}, {a}, 0); t.where({m}, {n}, {b}); t.sub({a}, 2)
""")
ALONG = forms("""
    {a}.prod({i}{keep}); {a}.nansum({i}{keep}); {a}.nanmean({i}{keep}); {a}.std({i}{keep}); {a}.var({i}{keep})
    {a}.median({i}{keep})[0]; {a}.nanmedian({i}{keep})[0]; {a}.cumsum({i}); {a}.cumprod({i})
    {a}.cummax({i})[0]; {a}.cummin(dim={i})[0]; {a}.cummax({i})[1]; {a}.var({i}, correction=0{keep}); {a}.std(unbiased=False)
    {a}.var(); {a}.prod(); {a}.median(); {a}.norm(); {a}.norm(1, {i}{keep}); {a}.norm(3, {i}); {a}.norm(float('inf'), {i})
    t.linalg.vector_norm({a}, 2, dim={i}{keep}); {a}.norm(dim={i}{keep}); {a}.sort({i})[0]
    {a}.sort(dim={i}, descending=True)[0]; {a}.sort(dim={i}, stable=True)[1]; t.msort({a}); {a}.topk(1, {i})[0]
    t.topk({a}, k=2, dim={i}, largest=False)[0]; {a}.diff(dim={i}); {a}.aminmax(dim={i}{keep})[1]
    t.var_mean({a}, {i})[0]; t.std_mean({a}, dim={i}{keep})[1]; {a}.amax(({i},)); {a}.quantile(0.3, {i})
    t.softmax({a}, dim={i}); t.nn.functional.normalize({a}, dim={i}); {a}.renorm(2, {i}, 1.0); t.nn.functional.softmin({a}, {i})
    {a}.argmin({i}{keep}); {a}.sum({i}, dtype=t.float32)
""")
CHOSEN = forms("""
    {a}.index_select({i}, {k}); t.index_add({a}, {i}, {k}, {a}.index_select({i}, {k}), alpha={n}); {a}.take({flat})
    {a}.index_fill({i}, {k}, {n}); t.index_copy({a}, {i}, {k}, {a}.index_select({i}, {k}) * 2); {a}.masked_select({m})
    t.gather({a}, {i}, {a}.argsort(dim={i}, stable=True)); {a}.gather({i}, t.zeros_like({a}).long())
    {a}.scatter({i}, {a}.argsort(dim={i}, stable=True), {s}); {a}.scatter_add({i}, t.zeros_like({a}).long(), src={s})
    t.scatter({a}, {i}, t.zeros_like({a}).long(), {n}); t.take_along_dim({a}, {a}.argsort(dim={i}, stable=True), dim={i})
    {a}.flip({i}); {a}.roll(1, {i}); {a}.repeat_interleave(2, {i}); {a}.tril(); {a}.triu(1); {a}.tile(2); t.diag_embed({a})
    {a}.trace(); t.hstack([{a}, {s}]); {a}.scatter_reduce({i}, t.zeros_like({a}).long(), {s}, 'amax')
    t.cat([{a}, {s}], dim={i}); t.stack(({a}, {s}), {i}); t.outer({a}.flatten(), {s}.flatten())
    t.nn.functional.pad({a}, (1, 2)); t.block_diag({a}); {a}.rot90(); t.combinations({a}); t.linalg.det({a}); t.linalg.inv({a})
    t.trace({a} @ {a}); t.tensordot({a}, {s}, {a}.ndim); t.cdist({a}, {s})
""")
VIEWS = forms("""
    {a}.select({i}, 0); {a}.narrow({i}, 0, 1); {a}.diagonal(); {a}.diagonal(1, {i}, {j}); {a}.unfold({i}, 1, 1)
    {a}.movedim({i}, {j}); {a}.chunk(2, {i})[0] + 0; {a}.unbind({i})[-1] + 0; {a}.split(1, dim={i})[0] + 0
    {a}.swapaxes({i}, {j}); {a}.unflatten({i}, (-1, 1)); {a}.view_as({s}); {a}.mT; {a}.tensor_split(2, {i})[1] + 0
    {a}.squeeze(({i},)); {a}.ravel(); {a}.expand_as({s}); {a}.unsqueeze({i}).expand(*{a}.shape, *{a}.shape[:0], -1)
    {a}.unsqueeze(-1); {a}.t(); {a}.view(-1); t.atleast_2d({a}); t.broadcast_to({a}, (2, *{a}.shape)); {a}.moveaxis({i}, -1)
    {a}[..., None]
""")
WRITES = forms("""
    {a}.exp_(); {a}.sin_(); {a}.tanh_(); {a}.sigmoid_(); {a}.relu_(); {a}.neg_(); {a}.abs_(); {a}.square_(); {a}.floor_()
    {a}.round_(); {a}.sqrt_(); {a}.reciprocal_(); {a}.sign_(); {a}.frac_(); {a}.cos_(); {a}.erf_(); {a}.fmod_({v})
    {a}.remainder_({v}); {a}.pow_({v}); {a}.xlogy_({v}); {a}.copysign_({v}); {a}.hypot_({w}); {a}.atan2_({w})
    {a}.add_(other={v}); {a}.clamp_(-1, 1); {a}.clamp_(min={v}); {a}.masked_fill_({m}, {n})
    {a}.masked_fill_({m}, t.tensor({n})); {a}.index_add_({i}, {k}, {a}.index_select({i}, {k}).exp())
    {a}.index_fill_({i}, {k}, {n}); {a}.cumsum_({i}); {a}.index_copy_({i}, {k}, {a}.index_select({i}, {k}) * 2)
    {a}.scatter_({i}, t.zeros_like({a}).long(), {n}); {a}.scatter_add_({i}, t.zeros_like({a}).long(), {a}.exp())
    {a}.addcmul_({w}, {w}, value={n}); {a}.addcdiv_({w}, {w}); {a}.lerp_({w}, 0.3); {a}.sub_({v}, alpha=2); {a}.tril_()
    {a}.pow_(2); {a} **= 2; {a} %= 2; {a} //= 2; {a}.div_(2, rounding_mode='floor'); {a}.cumprod_({i}); {a}.nan_to_num_()
    {a}.sin_().cos_(); {a}.mul_({a}); {a}.masked_scatter_({m}, {a}.exp()); t.nn.functional.relu({a}, inplace=True)
    t.nn.functional.elu_({a}); {a}.trunc_(); {a}.copy_({w}); {a}.clamp_max_(1)
    {a}.select({i}, 0).mul_({n}); {a}.diagonal().add_({n}); {a}.narrow({i}, 0, 1).exp_(); {a}.movedim({i}, 0).tanh_()
    {a}.view(-1)[0].fill_({n}); {a}.detach().neg_()
""")
EXPRESSIONS = [ELEMENTWISE, ELEMENTWISE, ANY, ALONG, ALONG, CHOSEN, VIEWS, VIEWS]


def filled(pen: Pen, form: str, name: str, x: torch.Tensor, written: str = "") -> str:
    """A form about the tensor x with its places filled."""
    from .pen import NUMBERS, broadcasts

    i, n = pen.dim(x.ndim), pen.choice(NUMBERS)
    size = x.shape[i] if x.ndim and -x.ndim <= i < x.ndim else 1
    places = [pen.random.randrange(size) for _ in range(pen.random.randint(1, 2))] if size else []

    def other() -> str:
        return pen.name(lambda y: broadcasts(x.shape, y.shape))

    def alike() -> str:
        return pen.name(lambda y: y.shape == x.shape and y.dtype == x.dtype)

    return form.format(
        a=name,
        b=other(),
        c=other(),
        s=alike(),
        o=pen.operand(x),
        n=n,
        i=i,
        j=pen.dim(x.ndim),
        m=f"({name} > {n})",
        k=f"t.tensor({places}, dtype=t.int64)",
        v=written,
        w=written if written[:1] in "abcdgy" else f"t.tensor({written})",
        keep=pen.choice(["", ", keepdim=True"]),
        flat=f"t.tensor({[0] * bool(x.numel())}, dtype=t.int64)",
    )
