"""Networks: small neural networks and machine learning, written by hand in NumPy."""

import functools
import math
from dataclasses import dataclass, field

import numpy as np
import numpy.linalg as la
from numpy import tanh
from numpy.linalg import norm

rng = np.random.default_rng(7)

# --- data, as it sits at the top of a notebook --------------------------------------------------
XOR_X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float)
XOR_Y = np.array([0.0, 1.0, 1.0, 0.0])
BLOBS = np.vstack([rng.normal([1.2, 0.4], 0.5, (6, 2)), rng.normal([-0.8, -0.9], 0.5, (6, 2))])
LABELS = np.array([1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1])
IRIS = np.array(
    [
        [5.1, 3.5, 1.4, 0.2],
        [4.9, 3.0, 1.4, 0.2],
        [4.7, 3.2, 1.3, 0.2],
        [7.0, 3.2, 4.7, 1.4],
        [6.4, 3.2, 4.5, 1.5],
        [6.9, 3.1, 4.9, 1.5],
        [6.3, 3.3, 6.0, 2.5],
        [5.8, 2.7, 5.1, 1.9],
        [7.1, 3.0, 5.9, 2.1],
    ]
)
IRIS_CLASS = np.repeat([0, 1, 2], 3)
SENTENCE = [0, 3, 1, 4, 0, 2, 1]


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def softmax(z, axis=-1):
    e = np.exp(z - np.max(z, axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


# 1
def mlp_xor_loss(params):
    """2-2-1 network on XOR, all weights in one flat vector (for scipy.optimize)."""
    params = np.asarray(params, dtype=float)
    W1 = params[:4].reshape(2, 2)
    b1 = params[4:6]
    w2 = params[6:8]
    b2 = params[8]
    loss = 0.0
    for x, y in zip(XOR_X, XOR_Y):
        h = np.zeros(2)
        for j in range(2):
            s = b1[j]
            for i in range(2):
                s += W1[j, i] * x[i]
            h[j] = math.tanh(s)
        p = 1 / (1 + math.exp(-(w2.dot(h) + b2)))
        loss -= y * math.log(p) + (1 - y) * math.log(1 - p)
    return loss / len(XOR_Y)


# 2
def batchnorm_forward(x, gamma, beta, eps=1e-5, momentum=0.9):
    """CS231n style batch norm with running averages."""
    x = x.reshape(-1, 2)
    N, D = x.shape
    running_mean = np.zeros(D, dtype=x.dtype)
    running_var = np.ones(D)
    mu = 1.0 / N * np.sum(x, axis=0)
    xmu = x - mu
    var = 1.0 / N * np.sum(xmu**2, axis=0)
    ivar = 1.0 / np.sqrt(var + eps)
    out = np.empty_like(x)
    out[:] = xmu * ivar
    out *= gamma
    out += beta
    running_mean *= momentum
    running_mean += (1 - momentum) * mu
    running_var[...] = momentum * running_var + (1 - momentum) * var
    return out, running_mean, running_var


# 3
class LayerNorm:
    def __init__(self, dim, eps=1e-6):
        self.eps = eps
        self.g = np.ones(dim)
        self.b = np.zeros(dim)

    def __call__(self, x):
        m = x.mean(-1, keepdims=True)
        s = x.std(-1, keepdims=True)
        return self.g * (x - m) / (s + self.eps) + self.b


def layernorm_residual_block(x, scale):
    ln = LayerNorm(4)
    ln.g *= scale
    ln.b[1:] += 0.1 * scale
    W = np.array([[0.3, -0.2, 0.5, 0.1], [0.7, 0.4, -0.6, 0.2], [-0.1, 0.9, 0.3, -0.8], [0.2, 0.1, 0.4, 0.6]])
    rows = x.reshape(2, 4).copy()
    for row in rows:  # each row is a view
        h = W @ ln(row)
        row += np.maximum(h, 0.01 * h)
    return rows


# 4
def conv2d_naive(image, kernel):
    """Valid convolution with the six loops from the textbook, then ReLU-ish and pooling."""
    img = np.reshape(image, (3, 3))
    k = np.reshape(kernel, (2, 2))
    pad = np.zeros((5, 5))
    pad[1:-1, 1:-1] = img
    H = pad.shape[0] - k.shape[0] + 1
    W = pad.shape[1] - k.shape[1] + 1
    out = np.zeros((H, W))
    for i in range(H):
        for j in range(W):
            for m in range(k.shape[0]):
                for n in range(k.shape[1]):
                    out[i, j] += pad[i + m, j + n] * k[m, n]
    out = np.log1p(np.exp(out))
    pooled = np.zeros((H // 2, W // 2))
    for i in range(H // 2):
        for j in range(W // 2):
            pooled[i, j] = np.mean(out[2 * i : 2 * i + 2, 2 * j : 2 * j + 2])
    return pooled


# 5
def im2col(x, hh, ww, stride=1):
    c, h, w = x.shape
    new_h = (h - hh) // stride + 1
    new_w = (w - ww) // stride + 1
    col = np.zeros([new_h * new_w, c * hh * ww])
    for i in range(new_h):
        for j in range(new_w):
            patch = x[..., i * stride : i * stride + hh, j * stride : j * stride + ww]
            col[i * new_w + j, :] = np.reshape(patch, -1)
    return col


BANK_IMAGE = np.sin(np.arange(32.0)).reshape(2, 4, 4)


def conv_im2col_layer(w, b):
    """Filters shared over two channels, as a matrix product on columns."""
    filt = np.stack([w.reshape(2, 2), w.reshape(2, 2).T, np.rot90(w.reshape(2, 2))])  # 3 filters
    filt = np.tile(filt[:, None], (1, 2, 1, 1))
    filt[:, 1] *= 0.5
    cols = im2col(BANK_IMAGE, 2, 2, stride=2)
    res = cols @ filt.reshape(3, -1).T + b
    act = np.where(res > 0, res, np.expm1(np.minimum(res, 0)))
    return act.T.reshape(3, 2, 2)


# 6
def char_rnn_loss(Wxh, Whh, Why):
    """min-char-rnn (Karpathy): hidden states in a dict, loss is the sum of cross entropies."""
    Wxh = Wxh.reshape(2, 5)
    Whh = Whh.reshape(2, 2)
    Why = Why.reshape(5, 2)
    inputs, targets = SENTENCE[:-1], SENTENCE[1:]
    xs, hs, ys, ps = {}, {}, {}, {}
    hs[-1] = np.zeros((2, 1))
    loss = 0
    for t in range(len(inputs)):
        xs[t] = np.zeros((5, 1))
        xs[t][inputs[t]] = 1
        hs[t] = np.tanh(np.dot(Wxh, xs[t]) + np.dot(Whh, hs[t - 1]))
        ys[t] = np.dot(Why, hs[t])
        ps[t] = np.exp(ys[t]) / np.sum(np.exp(ys[t]))
        loss += -np.log(ps[t][targets[t], 0])
    return loss


# 7
class GRUCell:
    """h is kept inside and overwritten at every step."""

    def __init__(self, params):
        p = np.asarray(params)
        self.z, self.r, self.n = p[0:3], p[3:6], p[6:9]
        self.h = np.zeros(2)

    def step(self, x):
        for k in range(len(self.h)):
            other = self.h[1 - k]
            z = sigmoid(self.z[0] * x + self.z[1] * self.h[k] + self.z[2])
            r = sigmoid(self.r[0] * x + self.r[1] * other + self.r[2])
            n = math.tanh(self.n[0] * x + r * (self.n[1] * other) + self.n[2] * (k + 1))
            self.h[k] = (1 - z) * n + z * self.h[k]
        return self.h


def gru_trace(params, signal):
    cell = GRUCell(params)
    out = []
    for x in signal:
        out.append(cell.step(x).copy())
    return np.array(out)


# 8
def lstm_last_state(W, x_seq):
    """Gates stacked in one matrix, sliced after the product."""
    H = 1
    W = W.reshape(4 * H, -1)
    h, c = np.zeros((H,)), np.zeros((H,))
    T = x_seq.shape[0]
    hist = np.empty((T, 2 * H))
    for t in range(T):
        z = np.concatenate([[x_seq[t]], h])
        a = W @ z
        i = sigmoid(a[:H])
        f = sigmoid(a[H : 2 * H] + 1.0)
        o = sigmoid(a[2 * H : 3 * H])
        g = tanh(a[3 * H :])
        c *= f
        c += i * g
        h[:] = o * tanh(c)
        hist[t, :H] = h
        hist[t, H:] = c
    return hist


# 9
def scaled_dot_attention(q, k, v):
    """Causal attention over 3 tokens."""
    Q, K, V = (m.reshape(3, -1) for m in (q, k, v))
    d_k = Q.shape[-1]
    scores = np.einsum("id,jd->ij", Q, K) / np.sqrt(d_k)
    mask = np.triu(np.ones((3, 3), dtype=bool), k=1)
    scores[mask] = -1e9
    weights = softmax(scores)
    return weights @ V, weights


# 10
def softmax_cross_entropy(W, temperature=1.0):
    """Three classes of irises, two features (petal), integer labels picked by fancy indexing."""
    W = W.reshape(3, 3)
    X = np.c_[IRIS[:, 2:], np.ones(len(IRIS))]
    logits = X.dot(W.T) / temperature
    logits -= logits.max(axis=1, keepdims=True)
    logp = logits - np.log(np.sum(np.exp(logits), axis=1))[:, np.newaxis]
    nll = -logp[np.arange(len(X)), IRIS_CLASS].mean()
    reg = 0.5 * 1e-2 * np.sum(W[:, :-1] * W[:, :-1])
    probs = np.exp(logp)
    probs[range(len(X)), IRIS_CLASS] -= 1
    probs /= len(X)
    dW = probs.T @ X
    return nll + reg, dW


# 11
def autoencoder_tied(w, bias_h, bias_v):
    """Tied weights: decoder is the transpose of the encoder. Returns the reconstruction error per sample."""
    W = np.asanyarray(w).reshape((2, 4))
    X = (IRIS - IRIS.mean(0)) / IRIS.std(0)
    errs = np.zeros(X.shape[0])
    codes = np.zeros((X.shape[0], 2))
    for n, x in enumerate(X):
        code = codes[n]  # a view: fill it row by row
        code[...] = W.dot(x) + bias_h
        np.tanh(code, out=code)
        recon = W.T.dot(code) + bias_v
        errs[n] = norm(x - recon) ** 2 / 4
    return errs, codes[::4]


# 12
EPS_FIXED = rng.standard_normal((4, 2))


def vae_elbo(enc, dec, log_noise):
    """Gaussian encoder/decoder with frozen reparametrisation noise."""
    X = BLOBS[:4]
    A = enc[:4].reshape(2, 2)
    logvar = np.tile(enc[4:6], (len(X), 1))
    mu = X @ A.T
    std = np.exp(0.5 * logvar)
    z = mu + std * EPS_FIXED
    x_hat = z @ dec.reshape(2, 2).T
    x_hat += 0.1 * z**2
    rec = -0.5 * np.sum(
        (X - x_hat) ** 2 / np.exp(log_noise) + log_noise + np.log(2 * np.pi), axis=1, keepdims=False
    )
    kl = -0.5 * np.sum(1 + logvar - np.square(mu) - np.exp(logvar), 1)
    return np.mean(rec - kl)


# 13
def embedding_bag_classifier(E, out_w):
    """Look the tokens up in a table, average, then logistic output for each document."""
    docs = [[0, 2, 2], [1], [4, 3, 0, 1], [2, 4]]
    table = E.reshape(5, 2)
    bag = np.zeros((len(docs), table.shape[1]))
    for d, tokens in enumerate(docs):
        for tok in tokens:
            bag[d] += table[tok]
        bag[d] /= len(tokens)
    cooc = np.zeros_like(table)
    np.add.at(cooc, [0, 2, 2, 4], bag)
    scores = bag @ out_w[:2] + out_w[2]
    return [sigmoid(s) for s in scores], cooc


# 14
RBF_GRID = np.linspace(-2.0, 2.0, 9)


def rbf_network(centers, widths, weights):
    c = np.atleast_1d(centers)
    if len(c) != len(widths):
        raise ValueError(f"got {len(c)} centers and {len(widths)} widths")
    y = np.zeros_like(RBF_GRID)
    for cj, sj, wj in zip(c, widths, weights):
        y += wj * np.exp(-((RBF_GRID - cj) ** 2) / (2 * sj**2))
    G = np.exp(-0.5 * np.subtract.outer(RBF_GRID, c) ** 2 / widths**2)
    G /= G.sum(1)[:, None]
    return y, np.dot(G, weights)


# 15
def svm_smooth_hinge(w, C=10.0, gamma=0.1):
    """Rennie's smooth hinge: quadratic near the margin, linear beyond, zero when well classified."""
    assert w.ndim == 1
    margins = LABELS * (BLOBS @ w[:-1] + w[-1])
    loss = np.empty(len(margins))
    lo = margins <= 0
    hi = margins >= 1
    mid = ~(lo | hi)
    loss[lo] = 0.5 - margins[lo]
    loss[mid] = 0.5 * (1 - margins[mid]) ** 2
    loss[hi] = 0.0
    return 0.5 * w[:-1].dot(w[:-1]) + C * np.sum(loss) / len(loss)


# 16
def soft_kmeans(init, beta=0.8, n_iter=2):
    """MacKay's soft K-means: responsibilities then means, means overwritten at each sweep."""
    m = np.array(init).reshape(3, 2)
    X = BLOBS
    r = np.zeros((X.shape[0], len(m)))
    for _ in range(n_iter):
        for k in range(m.shape[0]):
            r[:, k] = np.exp(-beta * ((X - m[k]) ** 2).sum(axis=1))
        r /= r.sum(axis=1).reshape(-1, 1)
        for k in range(m.shape[0]):
            m[k] = np.sum(r[:, k : k + 1] * X, axis=0) / np.sum(r[:, k])
    distortion = sum(r[i, k] * norm(X[i] - m[k]) ** 2 for i in range(len(X)) for k in range(3))
    return m, distortion


# 17
def pca_explained_variance(scales, rot):
    """PCA by eigh of the covariance; eigenvalues sorted in descending order, sign-free outputs."""
    X = IRIS.copy()
    X = X * scales
    c, s = np.cos(rot), np.sin(rot)
    R = np.eye(4)
    R[0:2, 0:2] = [[c, -s], [s, c]]
    X = X @ R
    X -= X.mean(axis=0)
    cov = X.T @ X / (len(X) - 1)
    vals, vecs = la.eigh(cov)
    order = np.argsort(vals)[::-1]
    vals, vecs = vals[order], vecs[:, order]
    ratio = vals / np.sum(vals)
    lead = vecs[:, 0]
    proj = np.outer(lead, lead)  # a projector has no sign ambiguity
    return ratio.cumsum(), proj


# 18
def pca_reconstruction_svd(x, k=1):
    """Truncated SVD of a small centred matrix, mean added back."""
    A = np.array(x, copy=True).reshape(5, 2)
    mean = np.mean(A, axis=0)
    A = A - mean
    U, S, Vt = np.linalg.svd(A, full_matrices=False)
    S_k = S.copy()
    S_k[k:] = 0
    A_k = (U * S_k) @ Vt
    A_k += mean
    energy = (S[:k] ** 2).sum() / (S**2).sum()
    return A_k, float(energy)


# 19
def _high_dim_affinities(X, sigma=0.8):
    D = np.sum((X[:, None, :] - X[None, :, :]) ** 2, -1)
    P = np.exp(-D / (2 * sigma**2))
    np.fill_diagonal(P, 0.0)
    P = P / P.sum(axis=1, keepdims=True)
    return (P + P.T) / (2 * len(X))


TSNE_P = _high_dim_affinities(BLOBS[[0, 1, 2, 6, 7]])


def tsne_cost_and_grad(Y):
    """Student-t low-dimensional similarities (van der Maaten's reference code)."""
    Y = Y.reshape(5, 2)
    n = Y.shape[0]
    P = TSNE_P
    sum_Y = np.sum(np.square(Y), 1)
    num = -2.0 * np.dot(Y, Y.T)
    num = 1.0 / (1.0 + np.add(np.add(num, sum_Y).T, sum_Y))
    num[range(n), range(n)] = 0.0
    Q = num / np.sum(num)
    Q = np.maximum(Q, 1e-12)
    PQ = P - Q
    dY = np.zeros((n, 2))
    for i in range(n):
        dY[i, :] = np.sum(np.tile(PQ[:, i] * num[:, i], (2, 1)).T * (Y[i, :] - Y), 0)
    off = ~np.eye(n, dtype=bool)
    C = np.sum(P[off] * np.log(P[off] / Q[off]))
    return C, 4 * dY


# 20
def word2vec_sgns(vec_in, vec_out, lr=0.5):
    """Skip-gram with negative sampling: one pass of updates of both tables in place."""
    V = vec_in.reshape(5, 2).copy()
    U = vec_out.copy().reshape(5, 2)
    negatives = {0: [2, 4], 1: [2], 2: [1], 3: [0, 1], 4: [3]}
    total = 0.0
    for pos, center in enumerate(SENTENCE):
        for off in (-1, 1):
            if not 0 <= pos + off < len(SENTENCE):
                continue
            context = SENTENCE[pos + off]
            grad_c = np.zeros(2)
            samples = [(context, 1.0)] + [(neg, 0.0) for neg in negatives[center] if neg != context]
            for target, label in samples:
                p = sigmoid(np.dot(V[center], U[target]))
                total += -math.log(p if label else 1 - p)
                g = lr * (label - p)
                grad_c += g * U[target]
                U[target] += g * V[center]
            V[center] += grad_c
    return total, V


# 21
PATTERNS = np.array([[1, 1, -1, -1, 1], [-1, 1, 1, -1, -1]])


class Hopfield:
    def __init__(self, patterns):
        self.n = patterns.shape[1]
        self.W = sum(np.outer(p, p) for p in patterns) / self.n
        self.W[np.diag_indices(self.n)] = 0

    def energy(self, s):
        return -0.5 * s @ self.W @ s

    def settle(self, s, gain, sweeps=3):
        for _ in range(sweeps):
            for i in range(self.n):  # asynchronous updates
                s[i] = np.tanh(gain * (self.W[i] @ s))
        return s


def hopfield_continuous(state, gain):
    net = Hopfield(PATTERNS)
    s = state.copy()
    e0 = net.energy(s)
    s = net.settle(s, gain)
    return np.concatenate([s, [e0, net.energy(s)]])


# 22
DROP_MASKS = [np.array([1, 0, 1, 1, 1]) / 0.8, np.array([1.0, 1.0, 0.0]) / 0.8]


def dropout_network(x, w1, keep_scale):
    """Inverted dropout with masks drawn once."""
    hidden = np.outer(w1, x).T @ np.ones(len(w1)) + w1
    layers = [hidden]
    for mask in DROP_MASKS:
        h = layers[-1][: mask.size]
        h = 1.7159 * np.tanh(2.0 / 3.0 * h)
        h *= mask
        h *= keep_scale
        layers.append(h)
    return np.hstack(layers)


# 23
def reinforce_loss(theta, baseline, gamma=0.9):
    """Policy gradient on a recorded episode; discounted returns are computed backwards."""
    states = [0, 1, 1, 2, 0, 2]
    actions = [1, 0, 2, 2, 1, 0]
    rewards = [0.0, 1.0, -0.5, 0.0, 2.0, 1.0]
    theta = theta.reshape(3, 3)
    G = np.zeros(len(rewards))
    running = 0.0
    for t in reversed(range(len(rewards))):
        running = rewards[t] + gamma * running
        G[t] = running
    advantages = G - baseline
    advantages = (advantages - 0.3 * advantages.mean()) / (np.std(G) + 1e-8)
    log_probs, entropy = [], 0
    for s, a in zip(states, actions):
        pi = softmax(theta[s])
        log_probs.append(np.log(pi[a]))
        entropy -= np.sum(pi * np.log(pi))
    return -np.sum(np.array(log_probs) * advantages) - 0.01 * entropy


# 24
def q_learning_table(q0, reward, alpha, gamma):
    """Tabular Q-learning on a recorded walk; the table is a global-size array written entry by entry."""
    Q = np.zeros((3, 2))
    Q[:, 0] = q0
    Q.T[1] = 0.5 * q0[::-1]
    walk = [(0, 1, 1), (1, 0, 2), (2, 1, 0), (0, 0, 1), (1, 1, 2), (2, 0, 2)]
    for s, a, s2 in walk:
        r = reward if s2 == 2 else -0.1
        td = r + gamma * max(Q[s2]) - Q[s, a]
        Q[s, a] += alpha * td
    return Q


# 25
def bayes_net_sprinkler(p_rain, p_sprinkler, leak):
    """Posterior of rain given wet grass: enumerate the joint table of (rain, sprinkler, wet)."""
    joint = np.empty((2, 2, 2))
    for r in (0, 1):
        for s in (0, 1):
            pr = p_rain if r else 1 - p_rain
            ps = (0.01 if r else p_sprinkler) if s else 1 - (0.01 if r else p_sprinkler)
            # noisy or
            p_wet = 1 - (1 - leak) * pow(0.2, r) * pow(0.1, s)
            joint[r, s, 1] = pr * ps * p_wet
            joint[r, s, 0] = pr * ps * (1 - p_wet)
    wet = joint[:, :, 1]
    post = wet / wet.sum()
    marg = np.einsum("rsw->w", joint)
    return post.sum(axis=1)[1], post.sum(axis=0).item(1), marg


# 26
def momentum_sgd_regression(w, lr, mu):
    """Unrolled heavy-ball on least squares; w is updated in place through its own copy."""
    t = np.linspace(0, 1, 6)
    A = np.vander(t, 3)
    y = np.cos(2 * t)
    w = np.array(w, dtype=float)
    v = np.zeros_like(w)
    history = []
    for epoch in range(8):
        g = 2 * A.T.dot(A.dot(w) - y) / len(y)
        v *= mu
        v -= lr / (1 + 0.1 * epoch) * g
        w += v
        history.append(np.mean((A @ w - y) ** 2))
    return w, history


# 27
@dataclass
class AdamState:
    size: int
    beta1: float = 0.9
    beta2: float = 0.999
    t: int = 0
    m: np.ndarray = field(init=False)
    v: np.ndarray = field(init=False)

    def __post_init__(self):
        self.m = np.zeros(self.size)
        self.v = np.zeros(self.size)

    def update(self, params, grad, lr):
        self.t += 1
        self.m = self.beta1 * self.m + (1 - self.beta1) * grad
        self.v = self.beta2 * self.v + (1 - self.beta2) * grad**2
        mhat = self.m / (1 - self.beta1**self.t)
        vhat = self.v / (1 - self.beta2**self.t)
        params -= lr * mhat / (np.sqrt(vhat) + 1e-8)


def adam_on_rosenbrock(x0, lr):
    x = x0.astype(float)
    opt = AdamState(x.size)
    path = np.full((11, 2), 0.0)
    path[0] = x
    for k in range(10):
        a, b = x
        g = np.array([-2 * (1 - a) - 40 * a * (b - a**2), 20 * (b - a**2)])
        opt.update(x, g, lr)
        path[k + 1] = x
    return path


# 28
def backprop_by_hand(w, lr):
    """Two epochs of per-sample backprop with dictionaries of parameters, then the final predictions."""
    p = {"W1": w[:4].reshape(2, 2).copy(), "b1": np.zeros(2), "W2": w[4:6].copy(), "b2": np.zeros(1)}
    for _epoch in range(2):
        for x, y in zip(XOR_X, XOR_Y):
            a1 = sigmoid(p["W1"] @ x + p["b1"])
            out = p["W2"] @ a1 + p["b2"][0]
            delta = out - y
            grads = {
                "W2": delta * a1,
                "b2": np.array([delta]),
                "b1": delta * p["W2"] * a1 * (1 - a1),
            }
            grads["W1"] = np.outer(grads["b1"], x)
            for key in p:
                p[key] -= lr * grads[key]
    preds = [p["W2"] @ sigmoid(p["W1"] @ x + p["b1"]) + p["b2"][0] for x in XOR_X]
    return np.array(preds), np.r_[p["W1"].ravel(), p["W2"]]


# 29
def gp_marginal_likelihood(log_ell, log_sf, log_sn):
    """Gaussian process regression with an RBF kernel by Cholesky (Rasmussen & Williams, alg. 2.1)."""
    X = np.array([-1.5, -0.9, -0.2, 0.4, 1.1, 1.7])
    y = np.sin(1.5 * X) + np.array([0.05, -0.02, 0.08, 0.01, -0.06, 0.03])
    ell, sf, sn = np.exp(log_ell), np.exp(log_sf), np.exp(log_sn)
    n = len(X)
    K = np.zeros((n, n))
    for i in range(n):
        for j in range(i, n):
            K[i, j] = sf**2 * np.exp(-0.5 * (X[i] - X[j]) ** 2 / ell**2)
            K[j, i] = K[i, j]
    K.ravel()[:: n + 1] += sn**2
    L = np.linalg.cholesky(K)
    alpha = np.linalg.solve(L.T, np.linalg.solve(L, y))
    lml = -0.5 * y.dot(alpha) - np.log(np.diag(L)).sum() - n / 2 * math.log(2 * math.pi)
    xs = np.array([-0.5, 0.75])
    ks = sf**2 * np.exp(-0.5 * (xs[:, None] - X) ** 2 / ell**2)
    v = np.linalg.solve(L, ks.T)
    return lml, ks @ alpha, sf**2 - np.sum(v**2, axis=0)


# 30
def graph_convolution(features, weights):
    """Kipf & Welling layer: D^-1/2 (A + I) D^-1/2 H W, twice, composed with reduce."""
    edges = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 0), (1, 3)]
    A = np.eye(5)
    for i, j in edges:
        A[i, j] = A[j, i] = 1.0
    d = A.sum(axis=1)
    A_hat = A / np.sqrt(np.outer(d, d))
    H0 = features.reshape((5, -1))
    Ws = [weights[:4].reshape(2, 2), weights[4:].reshape(2, 2)]

    def layer(H, W):
        Z = A_hat @ H @ W
        return Z / (1 + np.exp(-Z))  # swish

    return functools.reduce(layer, Ws, H0)


# 31
def _forward(obs, pi, A, B):
    """Scaled forward recursion of a hidden Markov model; c[t] are the scale factors."""
    T, N = len(obs), len(pi)
    alpha = np.zeros((T, N))
    c = np.zeros(T)
    alpha[0] = pi * B[:, obs[0]]
    c[0] = 1.0 / alpha[0].sum()
    alpha[0] *= c[0]
    for t in range(1, T):
        for i in range(N):
            for j in range(N):
                alpha[t, i] += alpha[t - 1, j] * A[j, i]
            alpha[t, i] *= B[i, obs[t]]
            c[t] += alpha[t, i]
        c[t] = 1.0 / c[t]
        alpha[t, :] *= c[t]
    return alpha, c


def hmm_log_likelihood(trans_logits, emit_logits):
    A = softmax(trans_logits.reshape(2, 2), axis=1)
    B = softmax(emit_logits.reshape(2, 3), axis=1)
    alpha, c = _forward([0, 2, 1, 1, 0, 2, 2], np.array([0.6, 0.4]), A, B)
    return -np.log(c).sum(), alpha[-1]


# 32
def gmm_em_step(means, log_sigmas, weights):
    """Two EM iterations for a 1-D mixture of three Gaussians; log-sum-exp by hand."""
    x = np.array([-2.1, -1.8, -1.5, -0.2, 0.1, 0.3, 0.4, 1.9, 2.2, 2.4])
    K = len(means)
    mu, sig, w = means.copy(), np.exp(log_sigmas), weights / weights.sum()
    ll = []
    for it in range(2):
        logp = np.empty((x.size, K))
        for k in range(K):
            logp[:, k] = np.log(w[k]) - np.log(sig[k]) - 0.5 * ((x - mu[k]) / sig[k]) ** 2
        top = np.amax(logp, axis=1)
        lse = top + np.log(np.exp(logp.T - top).sum(axis=0))
        ll.append(np.sum(lse) - 0.5 * x.size * np.log(2 * np.pi))
        R = np.exp(logp - lse[:, np.newaxis])
        Nk = R.sum(0)
        w = Nk / x.size
        mu[:] = (R.T @ x) / Nk
        for k in range(K):
            sig[k] = math.sqrt(np.average((x - mu[k]) ** 2, weights=R[:, k]))
    return np.array(ll), mu, sig


# 33
def logistic_newton_irls(ridge, feature_scale):
    """Iteratively reweighted least squares until the step is tiny."""
    X = np.column_stack([np.ones(len(BLOBS)), BLOBS[:, 0] * feature_scale, BLOBS[:, 1]])
    y = (LABELS + 1) / 2
    w = np.zeros(3)
    step, it = np.inf, 0
    while step > 1e-11 and it < 30:
        p = 1 / (1 + np.exp(-X.dot(w)))
        S = p * (1 - p)
        H = (X.T * S).dot(X) + ridge * np.identity(3)
        g = X.T.dot(y - p) - ridge * w
        dw = la.solve(H, g)
        w = w + dw
        step = abs(dw).max()
        it += 1
    return w


# 34
def decision_tree_soft(x, nodes, leaves):
    """A soft decision tree of depth 2, evaluated by recursion."""

    def walk(node, depth):
        if depth == 2:
            return leaves[node - 3]
        gate = sigmoid(5.0 * (x[depth] - nodes[node]))
        return gate * walk(2 * node + 2, depth + 1) + (1 - gate) * walk(2 * node + 1, depth + 1)

    return walk(0, 0)


# 35
def rmsprop_overwrite(w, cache, lr):
    """Classic trainer step: OVERWRITES the weights and the cache that are passed in, and returns them."""
    for _ in range(3):
        g = np.array([3 * w[0] + w[1] - 1, w[0] + 2 * w[1] + w[2], w[1] + w[2] ** 3 - 0.5])
        cache *= 0.9
        cache += 0.1 * g**2
        w -= lr * g / np.sqrt(cache + 1e-6)
    return w, cache


CASES = [
    (mlp_xor_loss, np.array([0.8, -0.6, 0.5, 0.9, 0.1, -0.3, 1.1, -0.7, 0.2])),
    (batchnorm_forward, np.array([0.3, 1.2, -0.7, 0.4, 1.9, -1.1, 0.6, 0.8]), np.array([1.1, 0.9]), np.array([0.1, -0.2])),
    (layernorm_residual_block, np.array([0.5, -1.2, 0.7, 2.0, 1.4, 0.3, -0.6, 0.9]), 1.2),
    (conv2d_naive, np.array([0.2, 0.9, -0.5, 0.4, 1.3, 0.7, -0.8, 0.1, 0.6]), np.array([0.5, -0.4, 0.8, 0.3])),
    (conv_im2col_layer, np.array([0.4, -0.7, 0.9, 0.25]), np.array([0.15, -0.1, 0.3])),
    (
        char_rnn_loss,
        np.array([0.2, -0.5, 0.7, 0.1, -0.9, 0.4, 0.8, -0.3, 0.6, 0.5]),
        np.array([0.3, -0.2, 0.5, 0.4]),
        np.array([0.6, -0.1, 0.3, 0.9, -0.7, 0.2, 0.5, -0.4, 0.1, 0.8]),
    ),
    (gru_trace, np.array([0.5, -0.3, 0.1, 0.8, 0.4, -0.2, 1.1, 0.6, 0.05]), np.array([0.7, -1.2, 0.4, 0.9])),
    (lstm_last_state, np.array([0.6, -0.4, 0.3, 0.5, 0.9, 0.2, 1.2, -0.7]), np.array([0.5, -0.8, 1.3, 0.2, 0.7])),
    (
        scaled_dot_attention,
        np.array([0.1, 0.7, -0.4, 0.5, 0.9, -0.3]),
        np.array([0.8, -0.2, 0.6, 0.3, -0.5, 1.0]),
        np.array([1.0, 0.4, -0.6, 0.2, 0.5, 0.8]),
    ),
    (softmax_cross_entropy, np.array([-0.5, -0.4, 2.0, 0.2, -0.3, 0.5, 0.4, 0.9, -1.5]), 1.3),
    (
        autoencoder_tied,
        np.array([0.4, -0.3, 0.6, 0.5, 0.1, 0.8, -0.2, 0.3]),
        np.array([0.1, -0.2]),
        np.array([0.05, 0.1, -0.1, 0.2]),
    ),
    (vae_elbo, np.array([0.7, -0.2, 0.3, 0.6, -0.8, -1.1]), np.array([0.9, 0.2, -0.1, 1.1]), -0.3),
    (
        embedding_bag_classifier,
        np.array([0.2, -0.4, 0.9, 0.1, -0.7, 0.5, 0.3, 0.8, -0.1, 0.6]),
        np.array([1.2, -0.8, 0.1]),
    ),
    (rbf_network, np.array([-1.0, 0.2, 1.3]), np.array([0.6, 0.5, 0.8]), np.array([1.0, -0.7, 0.4])),
    (svm_smooth_hinge, np.array([0.35, 0.25, 0.1])),
    (soft_kmeans, np.array([1.0, 0.5, -1.0, -0.5, 0.2, -0.9])),
    (pca_explained_variance, np.array([1.0, 1.2, 0.9, 1.5]), 0.4),
    (pca_reconstruction_svd, np.array([1.0, 0.8, -0.5, -0.9, 2.1, 1.7, 0.3, -0.2, -1.6, -1.1])),
    (tsne_cost_and_grad, np.array([0.5, 0.1, 0.8, -0.4, 0.2, 0.6, -0.7, -0.3, -1.0, 0.4])),
    (
        word2vec_sgns,
        np.array([0.3, -0.2, 0.5, 0.7, -0.6, 0.1, 0.4, -0.8, 0.9, 0.2]),
        np.array([-0.1, 0.6, 0.8, -0.3, 0.2, 0.5, -0.7, 0.4, 0.3, 0.9]),
    ),
    (hopfield_continuous, np.array([0.9, 0.4, -0.6, -0.8, 0.3]), 1.4),
    (dropout_network, np.array([0.5, -0.8, 1.1, 0.3, -0.4]), np.array([0.2, 0.7, -0.3, 0.6, 0.9]), 0.95),
    (reinforce_loss, np.array([0.1, 0.5, -0.2, 0.3, -0.4, 0.6, 0.0, 0.2, -0.1]), 1.1),
    (q_learning_table, np.array([0.4, 0.9, -0.3]), 1.5, 0.3, 0.95),
    (bayes_net_sprinkler, 0.2, 0.4, 0.05),
    (momentum_sgd_regression, np.array([0.5, -0.2, 0.1]), 0.2, 0.8),
    (adam_on_rosenbrock, np.array([-0.5, 0.8]), 0.05),
    (backprop_by_hand, np.array([0.6, -0.4, 0.3, 0.8, 0.7, -0.5]), 0.5),
    (gp_marginal_likelihood, -0.1, 0.2, -1.2),
    (
        graph_convolution,
        np.array([1.0, 0.2, -0.5, 0.7, 0.3, -0.8, 0.9, 0.4, -0.1, 0.6]),
        np.array([0.5, -0.3, 0.8, 0.2, 0.9, 0.4, -0.6, 0.7]),
    ),
    (hmm_log_likelihood, np.array([0.9, -0.3, -0.2, 0.6]), np.array([0.5, -0.1, -0.4, -0.6, 0.2, 0.7])),
    (gmm_em_step, np.array([-1.6, 0.3, 2.0]), np.array([-0.7, -0.5, -0.6]), np.array([1.0, 1.3, 0.9])),
    (logistic_newton_irls, 0.3, 1.2),
    (decision_tree_soft, np.array([0.4, -0.1]), np.array([0.2, -0.3, 0.1]), np.array([1.0, -0.5, 2.0, 0.7])),
    (rmsprop_overwrite, np.array([0.9, -0.6, 1.4]), np.array([0.5, 0.8, 0.3]), 0.05),
]
