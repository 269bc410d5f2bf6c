"""The rows of every_op.py: for each op an expression that is true for both libraries, `t`, and the names of its inputs.

The name of a parameter says what it is, on 16 and on 1,000,000 numbers:

    x y z       (n,) normal numbers                 m n o      (√n, √n) normal numbers
    p q         (n,) between 0.1 and 2.1            col row    (√n, 1) and (√n,) normal numbers
    u v         (n,) between 0.05 and 0.95          images     (n/4, 1, 2, 2) at 16, (100, 1, 100, 100)
    w           (n,) between 1.1 and 3.1            square spd right  (4, 4) and (256, 256): any, positive definite, any
    i j         (n,) integers from 0 to 99          batch other  (1, 4, 4) and (62, 127, 127): batches of matrices
    k           (n,) all integers below n, mixed    classes    (√n,) integers below √n
    b c         (n,) true or false                  rows       (√n, √n) integers below √n
    twin      the same numbers as x                 vector     (4,) and (256,)
Those of floating point get a gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, NamedTuple


class Row(NamedTuple):
    """An expression `run(t, *inputs)`, and the names of its inputs."""

    run: Callable[..., Any]
    inputs: tuple[str, ...]


def plain(inputs: str, names: str, prefix: str = "") -> dict[str, Row]:
    """Rows of functions that are called with these inputs and nothing else."""
    rows = {}
    for name in names.split():
        function = attrgetter(prefix + name)
        rows[prefix + name] = Row(lambda t, *given, function=function: function(t)(*given), tuple(inputs.split()))
    return rows


def of(**expressions: Callable[..., Any]) -> dict[str, Row]:
    """Rows of expressions; a name with a dot is written with two underscores."""
    names = {name: function.__code__.co_varnames[1 : function.__code__.co_argcount] for name, function in expressions.items()}
    return {name.replace("__", "."): Row(function, names[name]) for name, function in expressions.items()}


F = "nn.functional."


def flat(images: Any) -> Any:
    """Images as sequences, (N, 1, L)."""
    return images.flatten(2)


def plainly(images: Any) -> Any:
    return images


def deep(images: Any) -> Any:
    """Two images as one volume, (N, 1, 2, H, W)."""
    return images.reshape(-1, 1, 2, *images.shape[2:])


def wide(images: Any) -> Any:
    """Four images as one of four channels, (N, 4, H, W)."""
    return images.reshape(-1, 4, *images.shape[2:])


FAMILIES: dict[str, dict[str, Row]] = {
    "Arithmetic": plain("x", "neg abs sign sgn positive reciprocal square frac deg2rad rad2deg")
    | plain("x y", "add sub mul div rsub maximum minimum fmax fmin hypot copysign dist")
    | plain("x twin", "equal")
    | plain("x p", "remainder fmod float_power true_divide")
    | of(
        add_alpha=lambda t, x, y: t.add(x, y, alpha=2),
        add_number=lambda t, x: x + 2.0,
        mul_number=lambda t, x: x * 2.0,
        rsub_number=lambda t, x: 1 - x,
        div_floor=lambda t, x, p: t.div(x, p, rounding_mode="floor"),
        div_trunc=lambda t, x, p: t.div(x, p, rounding_mode="trunc"),
        add_broadcast=lambda t, m, row: m + row,
        mul_broadcast=lambda t, m, col: m * col,
        addcmul=lambda t, x, y, z: t.addcmul(x, y, z),
        addcdiv=lambda t, x, y, p: t.addcdiv(x, y, p),
        lerp=lambda t, x, y: t.lerp(x, y, 0.3),
        lerp_tensor=lambda t, x, y, u: t.lerp(x, y, u),
        pow=lambda t, p, y: p**y,
        pow_2=lambda t, x: x**2,
        pow_3=lambda t, x: x**3,
        pow_half=lambda t, p: p**0.5,
        pow_real=lambda t, p: p**1.7,
        pow_of_number=lambda t, x: 2.0**x,
        floor_divide=lambda t, x, p: t.floor_divide(x.detach(), p.detach()),
        ldexp=lambda t, x, i: t.ldexp(x, i),
        nextafter=lambda t, x, y: t.nextafter(x.detach(), y.detach()),
        heaviside=lambda t, x, y: t.heaviside(x.detach(), y.detach()),
        gcd=lambda t, i, j: t.gcd(i, j),
        lcm=lambda t, i, j: t.lcm(i, j),
        frexp=lambda t, x: t.frexp(x.detach()),
        angle=lambda t, x: t.angle(x),
        real=lambda t, x: t.real(x),
        isreal=lambda t, x: t.isreal(x),
        conj=lambda t, x: t.conj(x),
        conj_physical=lambda t, x: t.conj_physical(x),
        resolve_conj=lambda t, x: t.resolve_conj(x),
        resolve_neg=lambda t, x: t.resolve_neg(x),
    ),
    "In place": of(
        add_=lambda t, x, y: x.detach().add_(y.detach(), alpha=1e-9),
        mul_=lambda t, x: x.detach().mul_(1.0),
        div_=lambda t, x: x.detach().div_(1.0),
        neg_=lambda t, x: x.detach().neg_(),
        abs_=lambda t, p: p.detach().abs_(),
        clamp_=lambda t, x: x.detach().clamp_(-9, 9),
        sin_=lambda t, x: x.detach().sin_(),
        copy_=lambda t, x, y: x.detach().copy_(y.detach()),
        fill_=lambda t, y: t.fill_(y.detach(), 0.5),
        zero_=lambda t, z: t.zero_(z.detach()),
        masked_fill_=lambda t, x, b: x.detach().masked_fill_(b, 0.5),
        setitem_row=lambda t, m, row: m.detach().__setitem__(1, row.detach()),
        setitem_mask=lambda t, x, b: x.detach().__setitem__(b, 0.5),
        index_put_=lambda t, x, k, y: t.index_put_(x.detach(), (k,), y.detach()),
        add_recorded=lambda t, x, y: (x * 1.0).add_(y),
    ),
    "Exponentials and logarithms": plain("x", "exp exp2 expm1 sigmoid tanh")
    | plain("p", "log log2 log10 log1p sqrt rsqrt")
    | plain("x y", "logaddexp logaddexp2")
    | plain("p q", "xlogy")
    | plain("u", "logit"),
    "Trigonometry": plain("x", "sin cos tan sinh cosh asinh atan sinc")
    | plain("u", "asin acos atanh")
    | plain("w", "acosh")
    | plain("x y", "atan2"),
    "Rounding": plain("x", "floor ceil round trunc fix")
    | of(round_decimals=lambda t, x: t.round(x, decimals=2), nan_to_num=lambda t, x: t.nan_to_num(x)),
    "Special functions": plain("x", "erf erfc i0")
    | plain("p", "lgamma digamma")
    | plain("u", "erfinv")
    | plain("x", "i0e i1 i1e ndtr log_ndtr erfcx expit exp2 sinc bessel_j0 bessel_j1 airy_ai spherical_bessel_j0", "special.")
    | plain("p", "entr gammaln psi log1p bessel_y0 bessel_y1 modified_bessel_i0 modified_bessel_i1", "special.")
    | plain("p", "modified_bessel_k0 modified_bessel_k1 scaled_modified_bessel_k0 scaled_modified_bessel_k1", "special.")
    | plain("u", "ndtri", "special.")
    | plain("p q", "xlog1py", "special.")
    | of(
        polygamma=lambda t, p: t.polygamma(1, p),
        polygamma_2=lambda t, p: t.polygamma(2, p),
        mvlgamma=lambda t, w: t.mvlgamma(w, 2),
        igamma=lambda t, p, q: t.igamma(p.detach(), q),
        igammac=lambda t, p, q: t.igammac(p.detach(), q),
        special__zeta=lambda t, w, p: t.special.zeta(w.detach(), p),
    ),
    "Choice and comparison": plain("x y", "eq ne lt le gt ge isclose allclose")
    | plain("x", "isnan isinf isfinite isposinf isneginf signbit logical_not count_nonzero nonzero argwhere")
    | plain("x y", "logical_and logical_or logical_xor")
    | plain("i j", "bitwise_and bitwise_or bitwise_xor")
    | plain("i", "bitwise_not")
    | of(
        eq_number=lambda t, x: x == 0.0,
        where=lambda t, b, x, y: t.where(b, x, y),
        where_number=lambda t, b, x: t.where(b, x, 0.0),
        clamp=lambda t, x: t.clamp(x, -1, 1),
        clamp_tensors=lambda t, x, y, p: t.clamp(x, y, p),
        clamp_min=lambda t, x: t.clamp_min(x, 0.5),
        clamp_max=lambda t, x: t.clamp_max(x, 0.5),
        clamp_min_tensor=lambda t, x, y: t.clamp_min(x, y),
        clamp_max_tensor=lambda t, x, y: t.clamp_max(x, y),
        fill=lambda t, x: t.fill(x, 0.5),
        masked_fill=lambda t, x, b: t.masked_fill(x, b, 0.5),
        masked_select=lambda t, x, b: t.masked_select(x, b),
        masked_scatter=lambda t, x, b, y: x.masked_scatter(b, y),
        threshold=lambda t, x: t.threshold(x, 0.1, 2.0),
        bitwise_left_shift=lambda t, i: t.bitwise_left_shift(i, 2),
        bitwise_right_shift=lambda t, i: t.bitwise_right_shift(i, 2),
        isin=lambda t, i, j: t.isin(i, j[:8]),
        all=lambda t, b: t.all(b),
        any=lambda t, b: t.any(b),
        all_dim=lambda t, m: t.all(m, 1),
        any_dim=lambda t, m: t.any(m, 0),
        is_nonzero=lambda t, x: t.is_nonzero(x[0]),
        is_same_size=lambda t, x, y: t.is_same_size(x, y),
    ),
    "Reductions": plain("x", "sum mean prod amax amin max min argmax argmin var std median nansum nanmean nanmedian aminmax")
    | plain("x", "norm var_mean std_mean")
    | of(
        sum_0=lambda t, m: t.sum(m, 0),
        sum_1=lambda t, m: t.sum(m, 1, keepdim=True),
        sum_to_size=lambda t, m: m.sum_to_size(1, m.shape[1]),
        mean_0=lambda t, m: t.mean(m, 0),
        mean_1=lambda t, m: t.mean(m, 1),
        prod_1=lambda t, m: t.prod(m, 1),
        max_0=lambda t, m: t.max(m, 0),
        max_1=lambda t, m: t.max(m, 1),
        min_1=lambda t, m: t.min(m, 1),
        amax_1=lambda t, m: t.amax(m, 1),
        argmax_1=lambda t, m: t.argmax(m, 1),
        argmin_0=lambda t, m: t.argmin(m, 0),
        var_0=lambda t, m: t.var(m, 0),
        std_1=lambda t, m: t.std(m, 1),
        median_1=lambda t, m: t.median(m, 1),
        mode=lambda t, m: t.mode(m, 1),
        kthvalue=lambda t, m: t.kthvalue(m, 2, 1),
        quantile=lambda t, m: t.quantile(m, 0.3, 1),
        nanquantile=lambda t, m: t.nanquantile(m, 0.3, 1),
        logsumexp=lambda t, m: t.logsumexp(m, 1),
        norm_1=lambda t, m: t.norm(m, dim=1),
        norm_p3=lambda t, m: t.norm(m, 3, 1),
        renorm=lambda t, m: t.renorm(m, 2, 0, 1.0),
        cov=lambda t, m: t.cov(m),
        corrcoef=lambda t, m: t.corrcoef(m),
    ),
    "Scans": of(
        cumsum=lambda t, m: t.cumsum(m, 1),
        cumsum_0=lambda t, m: t.cumsum(m, 0),
        cumprod=lambda t, m: t.cumprod(m, 1),
        cummax=lambda t, m: t.cummax(m, 1),
        cummin=lambda t, m: t.cummin(m, 0),
        logcumsumexp=lambda t, m: t.logcumsumexp(m, 1),
        diff=lambda t, m: t.diff(m),
        gradient=lambda t, m: t.gradient(m, dim=1),
        trapezoid=lambda t, m: t.trapezoid(m, dx=0.1),
        cumulative_trapezoid=lambda t, m: t.cumulative_trapezoid(m, dx=0.1),
    ),
    "Sorting and counting": of(
        sort=lambda t, x: t.sort(x),
        sort_1=lambda t, m: t.sort(m, 1),
        sort_descending=lambda t, m: t.sort(m, 1, descending=True),
        sort_0=lambda t, m: t.sort(m, 0),
        msort=lambda t, m: t.msort(m),
        argsort=lambda t, m: t.argsort(m, 1),
        topk=lambda t, m: t.topk(m, 3),
        unique=lambda t, i: t.unique(i),
        unique_inverse=lambda t, i: t.unique(i, return_inverse=True, return_counts=True),
        unique_consecutive=lambda t, i: t.unique_consecutive(i),
        bincount=lambda t, i: t.bincount(i),
        histc=lambda t, x: t.histc(x.detach(), 20),
        histogram=lambda t, x: t.histogram(x.detach(), 20),
        histogramdd=lambda t, m: t.histogramdd(m.detach()[:, :2], [5, 5]),
        searchsorted=lambda t, u, v: t.searchsorted(t.arange(16) / 16, v.detach()),
        bucketize=lambda t, v: t.bucketize(v.detach(), t.arange(16) / 16),
    ),
    "Indexing": of(
        getitem_row=lambda t, m: m[1],
        getitem_slice=lambda t, m: m[1:, ::2],
        getitem_index=lambda t, m, classes: m[classes],
        getitem_pairs=lambda t, m, classes: m[t.arange(m.shape[0]), classes],
        getitem_mask=lambda t, x, b: x[b],
        getitem_number=lambda t, x: x[3],
        gather=lambda t, m, rows: t.gather(m, 1, rows),
        gather_0=lambda t, m, rows: t.gather(m, 0, rows),
        scatter=lambda t, m, rows, n: t.scatter(m, 1, rows, n),
        scatter_value=lambda t, m, rows: t.scatter(m, 1, rows, 0.5),
        scatter_add=lambda t, m, rows, n: t.scatter_add(m, 1, rows, n),
        scatter_reduce=lambda t, m, rows, n: t.scatter_reduce(m, 1, rows, n, "amax"),
        scatter_reduce_prod=lambda t, m, rows, n: t.scatter_reduce(m, 1, rows, n, "prod"),
        index_select=lambda t, m, classes: t.index_select(m, 0, classes),
        index_select_1=lambda t, m, classes: t.index_select(m, 1, classes),
        index_add=lambda t, m, classes, n: t.index_add(m, 0, classes, n),
        index_copy=lambda t, m, classes, n: t.index_copy(m, 0, classes, n),
        index_fill=lambda t, m, classes: t.index_fill(m, 0, classes, 0.5),
        index_put=lambda t, x, k, y: t.index_put(x, (k,), y),
        index_reduce=lambda t, m, classes, n: t.index_reduce(m, 0, classes, n, "amax"),
        unravel_index=lambda t, i: t.unravel_index(i, (10, 10)),
        nonzero_static=lambda t, x: t.nonzero_static(x, size=8),
        take=lambda t, x, k: t.take(x, k),
        take_along_dim=lambda t, m, rows: t.take_along_dim(m, rows, 1),
        put=lambda t, x, k, y: t.put(x, k, y),
        select=lambda t, m: t.select(m, 1, 2),
        narrow=lambda t, m: t.narrow(m, 0, 1, 2),
        narrow_copy=lambda t, m: t.narrow_copy(m.detach(), 0, 1, 2),
        select_scatter=lambda t, m, row: t.select_scatter(m, row, 0, 1),
        slice_scatter=lambda t, m, row: t.slice_scatter(m, row[None], 0, 1, 2),
        diagonal_scatter=lambda t, m, row: t.diagonal_scatter(m, row),
    ),
    "Shape": plain("m", "t adjoint ravel flatten flipud fliplr tril triu diag diagonal trace rot90 clone squeeze")
    | plain("x", "atleast_1d atleast_2d atleast_3d detach")
    | of(
        reshape=lambda t, m: t.reshape(m, (-1,)),
        reshape_copy=lambda t, m: m.t().reshape(-1),
        view=lambda t, m: m.view(-1),
        view_as=lambda t, m, x: m.view_as(x.detach()),
        reshape_as=lambda t, m, x: m.reshape_as(x.detach()),
        transpose=lambda t, m: t.transpose(m, 0, 1),
        permute=lambda t, m: t.permute(m, (1, 0)),
        movedim=lambda t, m: t.movedim(m, 0, 1),
        mT=lambda t, m: m.mT,
        contiguous=lambda t, m: m.t().contiguous(),
        to_float64=lambda t, x: x.double(),
        to_int=lambda t, x: x.long(),
        squeeze_1=lambda t, col: t.squeeze(col, 1),
        unsqueeze=lambda t, x: t.unsqueeze(x, 0),
        unflatten=lambda t, x: t.unflatten(x, 0, (2, -1)),
        expand=lambda t, col: col.expand(-1, col.shape[0]),
        expand_as=lambda t, row, m: row.expand_as(m.detach()),
        broadcast_to=lambda t, row: t.broadcast_to(row, (row.shape[0], row.shape[0])),
        broadcast_tensors=lambda t, row, col: t.broadcast_tensors(row, col),
        repeat=lambda t, m: m.repeat(2, 1),
        tile=lambda t, row: t.tile(row, (row.shape[0], 1)),
        repeat_interleave=lambda t, m: t.repeat_interleave(m, 2, 0),
        repeat_interleave_each=lambda t, m, classes: t.repeat_interleave(m, classes % 3, 0),
        cat=lambda t, m, n: t.cat([m, n]),
        cat_1=lambda t, m, n: t.cat([m, n], 1),
        stack=lambda t, m, n: t.stack([m, n]),
        hstack=lambda t, m, n: t.hstack([m, n]),
        vstack=lambda t, m, n: t.vstack([m, n]),
        dstack=lambda t, m, n: t.dstack([m, n]),
        column_stack=lambda t, m, n: t.column_stack([m, n]),
        block_diag=lambda t, m, n: t.block_diag(m, n),
        split=lambda t, m: t.split(m, m.shape[0] // 2),
        split_with_sizes=lambda t, m: t.split_with_sizes(m, [1, m.shape[0] - 1]),
        chunk=lambda t, m: t.chunk(m, 2, 1),
        tensor_split=lambda t, m: t.tensor_split(m, 2),
        hsplit=lambda t, m: t.hsplit(m, 2),
        vsplit=lambda t, m: t.vsplit(m, 2),
        dsplit=lambda t, m: t.dsplit(m[None], 2),
        unbind=lambda t, m: t.unbind(m[:, :4], 1),
        flip=lambda t, m: t.flip(m, (0, 1)),
        roll=lambda t, m: t.roll(m, 1, 1),
        roll_flat=lambda t, m: t.roll(m, 1),
        diag_vector=lambda t, row: t.diag(row),
        diagflat=lambda t, row: t.diagflat(row),
        diag_embed=lambda t, row: t.diag_embed(row),
        unfold=lambda t, m: m.unfold(1, 2, 1),
        as_strided=lambda t, x: t.as_strided(x, (x.shape[0] // 2, 2), (2, 1)),
        meshgrid=lambda t, row, col: t.meshgrid(row, col[:, 0], indexing="ij"),
        cartesian_prod=lambda t, row, col: t.cartesian_prod(row, col[:, 0]),
        combinations=lambda t, row: t.combinations(row),
        pad=lambda t, m: t.nn.functional.pad(m, (1, 1)),
        pixel_shuffle=lambda t, images: t.nn.functional.pixel_shuffle(images.reshape(-1, 4, *images.shape[2:]), 2),
        pixel_unshuffle=lambda t, images: t.nn.functional.pixel_unshuffle(images, 2),
        tolist=lambda t, m: m.detach()[:4, :4].tolist(),
        item=lambda t, x: x[0].item(),
    ),
    "Products": plain("m n", "matmul mm inner")
    | plain("x y", "dot vdot")
    | plain("m row", "mv")
    | plain("batch other", "bmm")
    | of(
        outer=lambda t, row, col: t.outer(row, col[:, 0]),
        addmm=lambda t, o, m, n: t.addmm(o, m, n),
        addmv=lambda t, row, m, col: t.addmv(row, m, col[:, 0]),
        addr=lambda t, m, row, col: t.addr(m, row, col[:, 0]),
        baddbmm=lambda t, batch, other: t.baddbmm(batch, batch, other),
        addbmm=lambda t, batch, other: t.addbmm(batch[0], batch, other),
        tensordot=lambda t, m, n: t.tensordot(m, n, 1),
        einsum=lambda t, m, n: t.einsum("ij,jk->ik", m, n),
        einsum_batch=lambda t, batch, other: t.einsum("bij,bjk->bik", batch, other),
        einsum_sum=lambda t, m, n: t.einsum("ij,ij->i", m, n),
        kron=lambda t, row: t.kron(row[:4], row),
        cross=lambda t, x, y: t.cross(x[: x.shape[0] // 3 * 3].view(-1, 3), y[: y.shape[0] // 3 * 3].view(-1, 3), dim=1),
        chain_matmul=lambda t, square, right: t.linalg.multi_dot([square, right, square]),
        cdist=lambda t, square, right: t.cdist(square, right),
        pdist=lambda t, square: t.nn.functional.pdist(square),
        vander=lambda t, row: t.vander(row.detach(), 4),
        bilinear=lambda t, square, right, batch: t.nn.functional.bilinear(square[:, :4], right[:, :4], batch[:, :4, :4]),
    )
    | plain("x y", "vecdot", "linalg.")
    | plain("m n row", "linear", F),
    "Linear algebra": plain("square", "inverse det slogdet pinverse matrix_exp")
    | plain("square", "inv qr svd svdvals matrix_norm cond matrix_rank lu lu_factor", "linalg.")
    | plain("spd", "cholesky_inverse")
    | plain("spd", "cholesky eigh eigvalsh cholesky_ex", "linalg.")
    | plain("spd", "logdet")
    | plain("square right", "solve lstsq", "linalg.")
    | of(
        matrix_power=lambda t, square: t.matrix_power(square, 3),
        svd=lambda t, square: t.svd(square),
        qr=lambda t, square: t.qr(square),
        cholesky=lambda t, spd: t.cholesky(spd),
        cholesky_solve=lambda t, right, spd: t.cholesky_solve(right, spd),
        lu_solve=lambda t, right, spd: t.lu_solve(right, *t.linalg.lu_factor(spd)),
        lu_unpack=lambda t, spd: t.lu_unpack(*t.linalg.lu_factor(spd)),
        lu=lambda t, spd: t.lu(spd),
        triangular_solve=lambda t, right, spd: t.triangular_solve(right, spd),
        linalg__solve_triangular=lambda t, spd, right: t.linalg.solve_triangular(spd, right, upper=True),
        linalg__inv_ex=lambda t, square: t.linalg.inv_ex(square),
        linalg__solve_ex=lambda t, square, right: t.linalg.solve_ex(square, right),
        linalg__lu_factor_ex=lambda t, square: t.linalg.lu_factor_ex(square),
        linalg__vector_norm=lambda t, m: t.linalg.vector_norm(m, 2, 1),
        linalg__norm_nuc=lambda t, square: t.linalg.norm(square, "nuc"),
        linalg__tensorinv=lambda t, square: t.linalg.tensorinv(square.view(2, -1, *square.shape[:1]), 2),
        linalg__tensorsolve=lambda t, square, vector: t.linalg.tensorsolve(square, vector),
        geqrf=lambda t, square: t.geqrf(square.detach()),
        linalg__householder_product=lambda t, square, vector: t.linalg.householder_product(square, vector),
        ormqr=lambda t, square, vector, right: t.ormqr(square.detach(), vector.detach(), right.detach()),
    ),
    "Activations": plain("x", "relu relu6 elu selu celu gelu silu mish softplus softsign logsigmoid tanhshrink", F)
    | plain("x", "hardtanh hardswish hardsigmoid softshrink hardshrink leaky_relu", F)
    | of(
        gelu_tanh=lambda t, x: t.nn.functional.gelu(x, approximate="tanh"),
        glu=lambda t, m: t.nn.functional.glu(m),
        prelu=lambda t, m, row: t.nn.functional.prelu(m, row),
        softmax=lambda t, m: t.softmax(m, 1),
        softmax_0=lambda t, m: t.softmax(m, 0),
        log_softmax=lambda t, m: t.log_softmax(m, 1),
        softmin=lambda t, m: t.nn.functional.softmin(m, 1),
        dropout=lambda t, x: t.nn.functional.dropout(x, 0.3),
        rrelu=lambda t, x: t.nn.functional.rrelu(x, training=True),
        gumbel_softmax=lambda t, m: t.nn.functional.gumbel_softmax(m, dim=1),
        normalize=lambda t, m: t.nn.functional.normalize(m),
        one_hot=lambda t, classes: t.nn.functional.one_hot(classes, classes.shape[0]),
    ),
    "Layers": {
        F + name: row
        for name, row in of(
            conv1d=lambda t, images, square: t.conv1d(images.flatten(2), square[:4, :2].reshape(4, 1, 2)),
            conv2d=lambda t, images, square: t.conv2d(images, square[:4, :4].reshape(4, 1, 2, 2)),
            conv3d=lambda t, images, square: t.conv3d(deep(images), square[:4, :2].reshape(1, 1, 2, 2, 2)),
            conv_transpose1d=lambda t, images, square: t.conv_transpose1d(images.flatten(2), square[:4, :2].reshape(1, 4, 2)),
            conv_transpose2d=lambda t, images, square: t.conv_transpose2d(images, square[:4, :4].reshape(1, 4, 2, 2)),
            conv_transpose3d=lambda t, images, square: t.conv_transpose3d(deep(images), square[:4, :2].reshape(1, 1, 2, 2, 2)),
            fold=lambda t, images: t.nn.functional.fold(t.nn.functional.unfold(images, 2), images.shape[2:], 2),
            embedding=lambda t, classes, m: t.nn.functional.embedding(classes, m),
            embedding_bag=lambda t, classes, m: t.nn.functional.embedding_bag(classes.reshape(-1, 2), m),
            scaled_dot_product_attention=lambda t, batch, other: t.nn.functional.scaled_dot_product_attention(
                batch, other, batch
            ),
            linear_cross_entropy=lambda t, m, n, classes: t.nn.functional.linear_cross_entropy(m, n, classes),
        ).items()
    }
    | {
        F + name + d + "d": Row(
            lambda t, images, name=name + d + "d", form=form, rest=rest: getattr(t.nn.functional, name)(form(images), *rest),
            ("images",),
        )
        for name, rest in (
            ("max_pool", (2,)),
            ("avg_pool", (2,)),
            ("lp_pool", (2, 2)),
            ("adaptive_avg_pool", (1,)),
            ("adaptive_max_pool", (1,)),
            ("dropout", ()),
        )
        for d, form in (("1", flat), ("2", plainly), ("3", deep))
    }
    | {
        f"{F}max_unpool{d}d": Row(
            lambda t, images, name=f"max_unpool{d}d", pool=f"max_pool{d}d", form=form: getattr(t.nn.functional, name)(
                *getattr(t.nn.functional, pool)(form(images), 2, return_indices=True), 2
            ),
            ("images",),
        )
        for d, form in ((1, flat), (2, plainly), (3, deep))
    }
    | {
        F + name: row
        for name, row in of(
            batch_norm=lambda t, images: t.nn.functional.batch_norm(images, None, None, training=True),
            layer_norm=lambda t, m: t.nn.functional.layer_norm(m, m.shape[-1:]),
            rms_norm=lambda t, m: t.nn.functional.rms_norm(m, m.shape[-1:]),
            group_norm=lambda t, images, square: t.nn.functional.group_norm(wide(images), 2, square[0, :4], square[1, :4]),
            instance_norm=lambda t, images: t.nn.functional.instance_norm(images),
            local_response_norm=lambda t, images: t.nn.functional.local_response_norm(wide(images), 2),
            alpha_dropout=lambda t, x: t.nn.functional.alpha_dropout(x, 0.5, True),
            feature_alpha_dropout=lambda t, images: t.nn.functional.feature_alpha_dropout(images, 0.5, True),
            interpolate=lambda t, images: t.nn.functional.interpolate(images, scale_factor=2.0),
            interpolate_bilinear=lambda t, images: t.nn.functional.interpolate(images, scale_factor=2.0, mode="bilinear"),
            channel_shuffle=lambda t, images: t.nn.functional.channel_shuffle(wide(images), 2),
        ).items()
    },
    "Losses": plain("x y", "mse_loss l1_loss smooth_l1_loss huber_loss kl_div", F)
    | plain("m n", "cosine_similarity pairwise_distance", F)
    | plain("m classes", "cross_entropy nll_loss multi_margin_loss", F)
    | plain("u v", "binary_cross_entropy", F)
    | plain("x v", "binary_cross_entropy_with_logits hinge_embedding_loss poisson_nll_loss", F)
    | plain("x y p", "gaussian_nll_loss margin_ranking_loss", F)
    | plain("m n o", "triplet_margin_loss", F)
    | of(
        soft_margin_loss=lambda t, x, y: t.nn.functional.soft_margin_loss(x, y.detach()),
        cross_entropy_soft=lambda t, m, n: t.nn.functional.cross_entropy(m, t.softmax(n.detach(), 1)),
        multilabel_margin_loss=lambda t, m, rows: t.nn.functional.multilabel_margin_loss(
            m[:256, :256], rows[:256, :256] % 256 * (rows[:256, :256] > 2) - 1
        ),
        multilabel_soft_margin_loss=lambda t, m, n: t.nn.functional.multilabel_soft_margin_loss(m, n.detach().sigmoid()),
        cosine_embedding_loss=lambda t, m, n, row: t.nn.functional.cosine_embedding_loss(m, n, row.detach().sign()),
        triplet_margin_with_distance_loss=lambda t, m, n, o: t.nn.functional.triplet_margin_with_distance_loss(m, n, o),
    ),
    "Creation": of(
        zeros=lambda t, i: t.zeros(i.shape),
        ones=lambda t, i: t.ones(i.shape),
        full=lambda t, i: t.full(i.shape, 0.5),
        empty=lambda t, i: t.empty(i.shape),
        zeros_like=lambda t, x: t.zeros_like(x),
        ones_like=lambda t, x: t.ones_like(x),
        full_like=lambda t, x: t.full_like(x, 0.5),
        empty_like=lambda t, x: t.empty_like(x),
        empty_strided=lambda t, i: t.empty_strided(i.shape, (1,)),
        new_zeros=lambda t, x: x.new_zeros(x.shape),
        new_ones=lambda t, x: x.new_ones(x.shape),
        new_full=lambda t, x: x.new_full(x.shape, 0.5),
        new_empty=lambda t, x: x.new_empty(x.shape),
        new_tensor=lambda t, x: x.new_tensor([0.1] * 16),
        arange=lambda t, i: t.arange(i.shape[0]),
        linspace=lambda t, i: t.linspace(0, 1, i.shape[0]),
        logspace=lambda t, i: t.logspace(0, 1, i.shape[0]),
        range=lambda t, i: t.range(1, i.shape[0]),
        hann_window=lambda t, i: t.hann_window(i.shape[0]),
        hamming_window=lambda t, i: t.hamming_window(i.shape[0]),
        blackman_window=lambda t, i: t.blackman_window(i.shape[0]),
        bartlett_window=lambda t, i: t.bartlett_window(i.shape[0]),
        kaiser_window=lambda t, i: t.kaiser_window(i.shape[0]),
        eye=lambda t, classes: t.eye(classes.shape[0]),
        tril_indices=lambda t, classes: t.tril_indices(classes.shape[0], classes.shape[0]),
        triu_indices=lambda t, classes: t.triu_indices(classes.shape[0], classes.shape[0]),
        tensor=lambda t, classes: t.tensor([0.1] * classes.shape[0]),
        scalar_tensor=lambda t, i: t.scalar_tensor(0.5),
        as_tensor=lambda t, x: t.as_tensor(x),
        asarray=lambda t, x: t.asarray(x.detach()),
        from_numpy=lambda t, x: t.from_numpy(x.detach().numpy()),
        frombuffer=lambda t, i: t.frombuffer(bytearray(64), dtype=t.float32),
        from_dlpack=lambda t, x: t.from_dlpack(x.detach()),
    ),
    "Random numbers": of(
        rand=lambda t, i: t.rand(i.shape),
        randn=lambda t, i: t.randn(i.shape),
        randint=lambda t, i: t.randint(10, i.shape),
        randperm=lambda t, i: t.randperm(i.shape[0]),
        rand_like=lambda t, x: t.rand_like(x),
        randn_like=lambda t, x: t.randn_like(x),
        randint_like=lambda t, x: t.randint_like(x, 10),
        normal=lambda t, x, p: t.normal(x.detach(), p.detach()),
        bernoulli=lambda t, u: t.bernoulli(u.detach()),
        poisson=lambda t, p: t.poisson(p.detach()),
        binomial=lambda t, i, u: t.binomial(i.float(), u.detach()),
        multinomial=lambda t, p: t.multinomial(p.detach(), 4),
        multinomial_rows=lambda t, spd: t.multinomial(spd.detach().abs(), 8, replacement=True),
        uniform_=lambda t, x: t.empty(x.shape).uniform_(),
        normal_=lambda t, x: t.empty(x.shape).normal_(),
        bernoulli_=lambda t, x: t.empty(x.shape).bernoulli_(0.3),
        exponential_=lambda t, x: t.empty(x.shape).exponential_(),
        geometric_=lambda t, x: t.empty(x.shape).geometric_(0.3),
        cauchy_=lambda t, x: t.empty(x.shape).cauchy_(),
        log_normal_=lambda t, x: t.empty(x.shape).log_normal_(),
        random_=lambda t, x: t.empty(x.shape).random_(),
    ),
}

# Why a row takes more than 3 times PyTorch's time at 1,000,000 numbers.

_REASONS = {
    "a clone, which is then written to": "fill",
    "PyTorch's .grad is here a view of the gradient that backward() was given; ours is a copy, so that a "
    "write to one does not change the other": """
        t adjoint ravel flatten atleast_1d atleast_2d atleast_3d reshape view view_as reshape_as transpose permute
        movedim mT unsqueeze squeeze squeeze_1 unflatten expand expand_as broadcast_to broadcast_tensors cat stack
        hstack vstack dstack chunk split tensor_split unbind hsplit vsplit dsplit split_with_sizes positive real conj
        conj_physical resolve_conj resolve_neg sum_to_size""",
    "the result is computed beside x and then copied into it, so that an error leaves x as it was": """
        neg_ abs_ clamp_ sin_""",
    "NumPy has no SIMD loop for it": "nextafter",
    "SciPy's loop, one number at a time; our own would have to reach its accuracy": """
        erfinv igammac special.bessel_j0 special.airy_ai""",
    "NumPy writes numbers in reverse order one at a time": "fliplr rot90 flip",
    "several passes over index arrays, where PyTorch has one loop": """
        unique_consecutive gather multilabel_margin_loss""",
    "its derivative finds the place in memory of each number, as the strides may overlap in any way": "as_strided",
    "a few hundred numbers: the time of a few calls": "vander",
    "in a dozen passes, as it is composed; PyTorch's is one loop": """
        nn.functional.silu nn.functional.hardswish nn.functional.hardsigmoid nn.functional.hardshrink
        nn.functional.huber_loss nn.functional.smooth_l1_loss threshold nn.functional.group_norm
        nn.functional.embedding_bag""",
    "one product with a reflection after the other": "linalg.householder_product ormqr",
    "the draws are those of PyTorch's stream, number by number, and then log(-log u) in float32's accuracy": """
        gumbel_softmax""",
    "the same numbers as PyTorch from the same seed, each with its fused float32 arithmetic step by step": """
        randn randn_like normal normal_ log_normal_ exponential_ cauchy_""",
    "the same numbers as PyTorch from the same seed: how many draws a number takes depends on them, so "
    "that they are made one by one, in Python": """
        poisson binomial""",
    "the same numbers as PyTorch from the same seed: the draws and choices are several passes": """
        randperm multinomial multinomial_rows""",
    "computed in float64, and then rounded": """
        linspace hann_window hamming_window blackman_window bartlett_window""",
    "np.tri and its nonzero; PyTorch counts the positions": "tril_indices triu_indices",
    "np.eye writes zeros, and then a diagonal; PyTorch too, in one call": "eye",
    "the same microseconds at every size: a check of the arguments": "empty_strided asarray",
}
REASONS: dict[str, str] = {name: reason for reason, names in _REASONS.items() for name in names.split()}
