"""Deep Q-learning of a walk along a corridor, as in Chainer v5 to v7: replay, a target network, epsilon-greedy actions."""

import argparse
import collections
import copy
import json
import random

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
from chainer import optimizers


class Corridor(object):
    """Nine cells; the walk begins in the middle. The right end gives 1, the left end .1, each step costs .02."""

    n_cells = 9
    max_steps = 40

    def reset(self):
        self.position = self.n_cells // 2
        self.steps = 0
        return self.observe()

    def observe(self):
        obs = np.zeros(self.n_cells, np.float32)
        obs[self.position] = 1
        return obs

    def step(self, action):
        self.position += 1 if action == 1 else -1
        self.steps += 1
        reward = -0.02
        if self.position == self.n_cells - 1:
            reward = 1.0
        elif self.position == 0:
            reward = 0.1
        done = self.position in (0, self.n_cells - 1)
        return self.observe(), reward, done, {}


class QFunction(chainer.Chain):
    """Q-function represented by a MLP."""

    def __init__(self, obs_size, n_actions, n_units=30):
        super(QFunction, self).__init__()
        with self.init_scope():
            self.l0 = L.Linear(obs_size, n_units)
            self.l1 = L.Linear(n_units, n_units)
            self.l2 = L.Linear(n_units, n_actions, initialW=chainer.initializers.HeNormal(1e-3))

    def forward(self, x):
        """Compute Q-values of actions for given observations."""
        h = F.relu(self.l0(x))
        h = F.relu(self.l1(h))
        return self.l2(h)


def get_greedy_action(Q, obs):
    """Get a greedy action wrt a given Q-function."""
    obs = Q.xp.asarray(obs[None], dtype=np.float32)
    with chainer.no_backprop_mode():
        q = Q(obs).array[0]
    return int(q.argmax())


def mean_clipped_loss(y, t):
    return F.mean(F.huber_loss(y, t, delta=1.0, reduce="no"))


def update(Q, target_Q, opt, samples, gamma=0.95, target_type="double_dqn"):
    """Update a Q-function with given samples and a target Q-function."""
    xp = Q.xp
    obs = xp.asarray([sample[0] for sample in samples], dtype=np.float32)
    action = xp.asarray([sample[1] for sample in samples], dtype=np.int32)
    reward = xp.asarray([sample[2] for sample in samples], dtype=np.float32)
    done = xp.asarray([sample[3] for sample in samples], dtype=np.float32)
    obs_next = xp.asarray([sample[4] for sample in samples], dtype=np.float32)
    # Predicted values: Q(s,a)
    y = F.select_item(Q(obs), action)
    # Target values: r + gamma * max_b Q(s',b)
    with chainer.no_backprop_mode():
        if target_type == "dqn":
            next_q = F.max(target_Q(obs_next), axis=1)
        elif target_type == "double_dqn":
            next_q = F.select_item(target_Q(obs_next), F.argmax(Q(obs_next), axis=1))
        else:
            raise ValueError("Unsupported target_type: {}".format(target_type))
        target = reward + gamma * (1 - done) * next_q
    loss = mean_clipped_loss(y, target)
    Q.cleargrads()
    loss.backward()
    opt.update()


def main():
    parser = argparse.ArgumentParser(description="Chainer example: DQN")
    parser.add_argument("--device", "-d", type=str, default="-1")
    parser.add_argument("--out", "-o", default="dqn_result")
    parser.add_argument("--unit", "-u", type=int, default=30)
    parser.add_argument("--target-type", type=str, default="dqn")
    parser.add_argument("--episodes", type=int, default=80)
    parser.add_argument("--replay-start-size", type=int, default=100)
    parser.add_argument("--iterations-to-decay", type=int, default=600)
    parser.add_argument("--min-epsilon", type=float, default=0.01)
    parser.add_argument("--target-update-freq", type=int, default=50)
    parser.add_argument("--batch-size", "-b", type=int, default=32)
    args = parser.parse_args()
    device = chainer.get_device(args.device)
    device.use()
    random.seed(0)

    env = Corridor()
    D = collections.deque(maxlen=10**6)
    Rs = collections.deque(maxlen=20)
    iteration = 0

    Q = QFunction(env.n_cells, 2, args.unit)
    Q.to_device(device)
    target_Q = copy.deepcopy(Q)
    opt = optimizers.Adam(alpha=1e-2, eps=1e-2)
    opt.setup(Q)

    returns = []
    for episode in range(args.episodes):
        obs = env.reset()
        done = False
        R = 0.0
        timestep = 0

        while not done and timestep < env.max_steps:
            # Select an action
            epsilon = (
                1.0
                if len(D) < args.replay_start_size
                else max(args.min_epsilon, 1.0 - iteration / float(args.iterations_to_decay))
            )
            if random.random() < epsilon:
                action = random.randrange(2)
            else:
                action = get_greedy_action(Q, obs)

            # Execute an action
            new_obs, reward, done, _ = env.step(action)
            R += reward

            # Store a transition
            D.append((obs, action, reward, done, new_obs))
            obs = new_obs

            # Sample a random minibatch of transitions and replay
            if len(D) >= args.replay_start_size:
                samples = random.sample(list(D), args.batch_size)
                update(Q, target_Q, opt, samples, target_type=args.target_type)

            # Update the target network
            if iteration % args.target_update_freq == 0:
                target_Q.copyparams(Q)

            iteration += 1
            timestep += 1

        Rs.append(R)
        returns.append(R)
        if episode % 10 == 9:
            print(
                "episode: {} iteration: {} R: {:.2f} average_R: {:.2f}".format(episode, iteration, R, sum(Rs) / len(Rs))
            )

    # What is missing to the best walk, 4 steps to the right
    best = 1.0 - 3 * 0.02
    return {"before": best - np.mean(returns[:10]), "after": best - np.mean(returns[-10:])}


if __name__ == "__main__":
    print(json.dumps(main()))
